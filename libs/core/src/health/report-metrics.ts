import { deadLettersByState } from '../events/dead-letter.ts';
import type { Records } from '../records/records.ts';
import { lastHealthReport } from './stored-report.ts';

/** Where numbers are declared that are looked up when somebody asks. */
export interface Gauges {
  gauge(name: string, help: string, read: () => Promise<readonly { readonly value: number }[]>): void;
}

/**
 * Declares what the store knows of a deployment: what waits for somebody, and what the last scheduled reconcile has counted already.
 * Asking costs one count and one record.
 */
export function meterDeployment(meters: Gauges, records: Records): void {
  meters.gauge('runvoy_dead_letters', 'Events that nobody could carry out and that wait for somebody.', async () => [
    { value: await records.count(deadLettersByState, { equal: { state: 'open' } }) },
  ]);
  const fromReport = (name: string, help: string, read: (report: Report) => number | null) =>
    meters.gauge(name, help, async () => {
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
