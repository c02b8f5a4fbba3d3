import { Failure } from '../failure.ts';
import type { KeyedCall } from '../idempotency/keyed-call.ts';
import { once, type Keep, type OnceDeps } from '../idempotency/once.ts';
import type { Accepted } from './accepted.ts';
import { executionRef } from './execution.ts';

/** What is kept of a run under its `Idempotency-Key`. */
export interface MadeRun {
  readonly [field: string]: string;
  readonly execution_id: string;
}

/**
 * A run once for each key, however it was asked for. The same call again is answered with the run as it is now, whatever became of its
 * image, its playbook or the rules since: what was accepted once stays so.
 */
export async function onceRun(
  deps: OnceDeps,
  call: KeyedCall | undefined,
  accept: (keep: Keep<MadeRun>) => Promise<Accepted>,
): Promise<Accepted> {
  const outcome = await once<MadeRun, Accepted>(deps, call, 'nothing-secret', accept);
  if (!outcome.isRepeat) return outcome.made;
  const { execution_id } = outcome.made;
  const earlier = await deps.records.get(executionRef(execution_id));
  if (!earlier) throw new Failure('EXECUTION_NOT_FOUND', execution_id);
  return { execution: earlier.value, isRepeat: true };
}
