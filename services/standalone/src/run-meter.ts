import { executionRef, executionsUnfinished, meterRuns, type Clock, type Execution, type Records } from '@runvoy/core';
import type { Metrics } from '@runvoy/runtime';

/** What is known of a run that has not ended. */
interface Unfinished {
  readonly status: string;
  readonly isWaiting: boolean;
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
  metrics.gauge('runvoy_runs', 'Runs that have not ended, by status; WAITING for a slot counts apart.', () => {
    const byStatus = new Map([
      ['WAITING', 0],
      ['STARTING', 0],
      ['RUNNING', 0],
      ['TERMINATING', 0],
    ]);
    for (const { status, isWaiting } of unfinished.values()) {
      const name = isWaiting ? 'WAITING' : status;
      byStatus.set(name, (byStatus.get(name) ?? 0) + 1);
    }
    return [...byStatus].map(([status, value]) => ({ labels: { status }, value }));
  });

  const present = (execution: Execution, isFirst: boolean) => {
    const before = unfinished.get(execution.execution_id);
    const isWaiting = execution.waiting === true;
    unfinished.set(execution.execution_id, { status: execution.status, isWaiting });
    // Of those that were there before this server nobody has seen how long they waited.
    if (isFirst || isWaiting || (before && !before.isWaiting)) return;
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
