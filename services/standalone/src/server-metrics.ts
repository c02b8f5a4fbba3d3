import { deadLettersByState, lastHealthReport, type Clock, type Records } from '@runvoy/core';
import { Metrics, type Sample } from '@runvoy/runtime';
import { meterRuns } from './run-meter.ts';

/** What the parts of the server tell of themselves. */
export interface ServerMetrics {
  readonly metrics: Metrics;
  readonly rateLimited: (what: string) => void;
  /** A batch was stored so many ms after its last line was written. */
  readonly batchStored: (lagMs: number) => void;
  close(): void;
}

const LAGS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/** The numbers of a standalone server. What is counted is counted as it happens; a scrape asks the store for two counts and a record. */
export function serverMetrics(
  about: { readonly records: Records; readonly clock: Clock; readonly version: string },
  viewers: () => number,
  failed: (error: unknown) => void,
): ServerMetrics {
  const { records, version } = about;
  const metrics = new Metrics();
  metrics.gauge('runvoy_info', 'The version that runs.', () => [{ labels: { version }, value: 1 }]);
  const close = meterRuns(metrics, about, failed);
  const limited = metrics.counter(
    'runvoy_rate_limited_total',
    'Requests that a rate limit turned away, by what was limited.',
  );
  const lag = metrics.histogram(
    'runvoy_log_lag_seconds',
    'From the last line of a batch to its being stored, by the fast lane.',
    LAGS_S,
  );
  metrics.gauge('runvoy_viewers', 'Open live views.', () => [{ value: viewers() }]);
  metrics.gauge('runvoy_dead_letters', 'Events that nobody could carry out and that wait for somebody.', async () => [
    { value: await records.count(deadLettersByState, { equal: { state: 'open' } }) },
  ]);
  reportMetrics(metrics, records);
  processMetrics(metrics);
  return {
    metrics,
    rateLimited: (what) => limited.add({ what }),
    batchStored: (lagMs) => lag.observe(Math.max(0, lagMs) / 1000),
    close,
  };
}

/** From the last scheduled reconcile: it has counted already. */
function reportMetrics(metrics: Metrics, records: Records): void {
  const fromReport = (name: string, help: string, read: (report: Report) => number | null) =>
    metrics.gauge(name, help, async (): Promise<readonly Sample[]> => {
      const report = await lastHealthReport(records);
      const value = report && read(report);
      return value === undefined || value === null ? [] : [{ value }];
    });
  fromReport('runvoy_reconcile_repairs', 'What the last scheduled reconcile repaired.', (r) => r.reconciled_count);
  fromReport('runvoy_reconcile_errors', 'Errors in the report of the last scheduled reconcile.', (r) => r.error_count);
  fromReport(
    'runvoy_reconcile_timestamp_seconds',
    'When the last scheduled reconcile was.',
    (r) => Date.parse(r.timestamp) / 1000,
  );
  fromReport('runvoy_safety_lane_lag_seconds', 'Lag of the safety lane as the last reconcile measured it.', (r) =>
    seconds(r.log_lanes_status.safety.lag_ms),
  );
}

type Report = NonNullable<Awaited<ReturnType<typeof lastHealthReport>>>;

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function processMetrics(metrics: Metrics): void {
  const startedS = Math.round(Date.now() - process.uptime() * 1000) / 1000;
  metrics.gauge('process_start_time_seconds', 'When the process began.', () => [{ value: startedS }]);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', () => [
    { value: process.memoryUsage.rss() },
  ]);
  metrics.total('process_cpu_seconds_total', 'CPU time of the process.', () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
}
