import { executionRef, executionsUnfinished, type Clock, type Execution, type Records } from '@runvoy/core';
import type { Metrics } from '@runvoy/runtime';

const WAITS_S = [0.01, 0.1, 1, 5, 15, 60, 300, 900, 3_600];
const LASTS_S = [0.1, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/** What is known of a run that has not ended. */
interface Unfinished {
  readonly status: string;
  readonly isWaiting: boolean;
}

/**
 * Counts runs as they change: those under way by status, those that have ended by how, and how long they waited for a slot. From one
 * watch on the unfinished ones, and one read for each that ends: history costs nothing. Returns what ends the watch.
 */
export function meterRuns(
  metrics: Metrics,
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  failed: (error: unknown) => void,
): () => void {
  const unfinished = new Map<string, Unfinished>();
  const finished = metrics.counter(
    'runvoy_runs_finished_total',
    'Runs that ended, by status, since the server started.',
  );
  const lasted = metrics.histogram('runvoy_run_duration_seconds', 'From the request to the end of a run.', LASTS_S);
  const waited = metrics.histogram(
    'runvoy_queue_wait_seconds',
    'From the request of a run to its slot; 0 for those that found one free.',
    WAITS_S,
  );
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
    waited.observe(before ? (clock.now() - execution.started_at_ms) / 1000 : 0);
  };
  const gone = async (id: string) => {
    if (!unfinished.delete(id)) return;
    const execution = (await records.get(executionRef(id)))?.value;
    if (!execution) return;
    finished.add({ status: execution.status });
    const endedMs = execution.completed_at_ms ?? clock.now();
    lasted.observe((endedMs - execution.started_at_ms) / 1000, { status: execution.status });
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
