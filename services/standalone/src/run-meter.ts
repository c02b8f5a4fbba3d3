import {
  countByStatus,
  meterUnfinished,
  executionRef,
  executionsUnfinished,
  meterRuns,
  type Clock,
  type Execution,
  type Records,
} from '@runvoy/core';
import type { Metrics } from '@runvoy/runtime';

/** What is known of a run that has not ended. */
interface Unfinished {
  readonly status: string;
  readonly waiting?: true;
}

/**
 * Counts runs as they change: those under way by status, those that have ended by how, and how long they waited for a slot. From one
 * watch on the unfinished ones, and one read for each that ends: history costs nothing. Returns what ends the watch.
 */
export function watchRuns(
  metrics: Metrics,
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  failed: (error: unknown) => void,
): () => void {
  const unfinished = new Map<string, Unfinished>();
  const meter = meterRuns(metrics);
  meterUnfinished(metrics, () => countByStatus(unfinished.values()));

  const present = (execution: Execution, isFirst: boolean) => {
    const before = unfinished.get(execution.execution_id);
    const isWaiting = execution.waiting === true;
    unfinished.set(execution.execution_id, { status: execution.status, ...(isWaiting && { waiting: true }) });
    // Of those that were there before this server nobody has seen how long they waited.
    if (isFirst || isWaiting || (before && !before.waiting)) return;
    meter.waited(before ? clock.now() - execution.started_at_ms : 0);
  };
  const gone = async (id: string) => {
    if (!unfinished.delete(id)) return;
    const execution = (await records.get(executionRef(id)))?.value;
    if (execution) meter.ended(execution, clock.now());
  };
  let isFirst = true;
  return records.watchQuery(
    executionsUnfinished,
    { equal: { unfinished: true } },
    {
      changed(changes) {
        for (const change of changes) {
          if (change.kind === 'present') present(change.value, isFirst);
          else void gone(change.id).catch(failed);
        }
        isFirst = false;
      },
      failed,
    },
  );
}
