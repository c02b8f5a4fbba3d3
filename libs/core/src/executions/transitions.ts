import type { ExecutionStatus } from '@runvoy/protocol';

/** What the facts of a run amount to. */
export type Verdict = 'bootstrapped' | 'stop_requested' | 'ended_ok' | 'ended_failed' | 'ended_stopped';

/**
 * The whole life of a run. Ends are accepted from every unfinished status: nothing promises order, so an end can overtake the
 * bootstrap, and a command may finish by itself after its stop was asked for.
 */
export const NEXT = {
  STARTING: {
    bootstrapped: 'RUNNING',
    stop_requested: 'TERMINATING',
    ended_ok: 'SUCCEEDED',
    ended_failed: 'FAILED',
    ended_stopped: 'STOPPED',
  },
  RUNNING: {
    stop_requested: 'TERMINATING',
    ended_ok: 'SUCCEEDED',
    ended_failed: 'FAILED',
    ended_stopped: 'STOPPED',
  },
  TERMINATING: { ended_ok: 'SUCCEEDED', ended_failed: 'FAILED', ended_stopped: 'STOPPED' },
  SUCCEEDED: {},
  FAILED: {},
  STOPPED: {},
} as const satisfies Record<ExecutionStatus, Partial<Record<Verdict, ExecutionStatus>>>;

/** The status after a verdict; the same one where the table has no row. */
export function nextStatus(status: ExecutionStatus, verdict: Verdict): ExecutionStatus {
  const row: Partial<Record<Verdict, ExecutionStatus>> = NEXT[status];
  return row[verdict] ?? status;
}
