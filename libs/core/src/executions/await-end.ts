import { isTerminal } from '@runvoy/protocol';
import type { Records } from '../records/records.ts';
import { executionRef, type Execution } from './execution.ts';

/**
 * The execution once it has ended, or `undefined` when `signal` aborts before. Waits by a watch: nothing is asked meanwhile.
 * Rejects when the watch fails, which says nothing about the run.
 */
export function awaitEnd(records: Records, executionId: string, signal: AbortSignal): Promise<Execution | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Execution | undefined>();
  const aborted = () => resolve(undefined);
  if (signal.aborted) aborted();
  signal.addEventListener('abort', aborted, { once: true });
  const end = records.watch(executionRef(executionId), {
    changed: (changes) => {
      for (const change of changes)
        if (change.kind === 'present' && isTerminal(change.value.status)) resolve(change.value);
    },
    failed: reject,
  });
  return promise.finally(() => {
    signal.removeEventListener('abort', aborted);
    end();
  });
}
