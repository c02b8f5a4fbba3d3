import { chunksBackwards } from '../logs/log-chunk.ts';
import type { Records } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { elapsedInHearing } from '../time/elapsed.ts';
import type { Execution } from './execution.ts';
import { lastSign } from './record-heartbeat.ts';

/** A runner nobody heard of for this long is cancelled; the run ends as `lost`. */
export const SILENCE_MS = 180_000;

export interface SilenceDeps {
  readonly records: Records;
  readonly clock: Clock;
  /** Since when this process could hear runners: silence before that was ours. */
  readonly upSinceMs: Millis;
}

/** True when nothing was heard of the runner for `SILENCE_MS`. Stored chunks are signs of life, asked for only when the record looks old. */
export async function isSilent(deps: SilenceDeps, execution: Execution): Promise<boolean> {
  const { records, clock } = deps;
  const isOld = (sign: Millis) => elapsedInHearing(deps, sign) >= SILENCE_MS;
  if (!isOld(lastSign(execution, clock.now()))) return false;
  const { records: last } = await records.page(chunksBackwards, {
    equal: { execution_id: execution.execution_id },
    limit: 1,
  });
  return isOld(last[0]?.value.stored_at_ms ?? 0);
}
