import type { Execution } from '../executions/execution.ts';
import type { CountByStatus } from '../executions/unfinished.ts';

/** Where numbers are declared. What reads them is the process's choice. */
export interface Meters {
  counter(name: string, help: string): { add(labels?: Readonly<Record<string, string>>, by?: number): void };
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
  ): { observe(value: number, labels?: Readonly<Record<string, string>>): void };
}

/** Where a number is declared that is looked up when somebody asks. */
export interface RunGauges {
  gauge(
    name: string,
    help: string,
    read: () => readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[],
  ): void;
}

/** Declares the number of runs under way; undefined while this process does not know it. */
export function meterUnfinished(meters: RunGauges, read: () => CountByStatus | undefined): void {
  meters.gauge('runvoy_runs', 'Runs that have not ended, by status; WAITING for a slot counts apart.', () =>
    Object.entries(read() ?? {}).map(([status, value]) => ({ labels: { status }, value })),
  );
}

/** What is counted of runs. */
export interface RunMeter {
  /** A run has its slot, after so long. */
  waited(ms: number): void;
  /** A run has ended. */
  ended(execution: Execution, nowMs: number): void;
}

const WAITS_S = [0.01, 0.1, 1, 5, 15, 60, 300, 900, 3_600];
const LASTS_S = [0.1, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/** Declares the numbers of runs; once for each process. */
export function meterRuns(meters: Meters): RunMeter {
  const finished = meters.counter(
    'runvoy_runs_finished_total',
    'Runs that ended, by status, since the process started.',
  );
  const lasted = meters.histogram('runvoy_run_duration_seconds', 'From the request to the end of a run.', LASTS_S);
  const waited = meters.histogram(
    'runvoy_queue_wait_seconds',
    'From the request of a run to its slot; 0 for those that found one free.',
    WAITS_S,
  );
  return {
    waited: (ms) => waited.observe(ms / 1000),
    ended({ status, completed_at_ms, started_at_ms }, nowMs) {
      finished.add({ status });
      lasted.observe(((completed_at_ms ?? nowMs) - started_at_ms) / 1000, { status });
    },
  };
}

/** How long a run that has ended had waited for its slot; nothing for one that never had any. */
export function queueWaitMs({ queued, facts }: Pick<Execution, 'queued' | 'facts'>): number | undefined {
  const first = facts.attempts[0];
  if (!first) return undefined;
  return queued ? first.made_at_ms - queued.since_ms : 0;
}
