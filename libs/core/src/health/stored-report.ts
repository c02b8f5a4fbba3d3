import type { HealthReport } from '@runvoy/protocol';
import type { Records, Ref } from '../records/records.ts';

interface StoredReport {
  readonly report: HealthReport;
}

const healthReportRef: Ref<StoredReport> = { collection: 'settings', id: 'health-report' };

/** Replaces the last one. */
export async function storeHealthReport(records: Records, report: HealthReport): Promise<void> {
  await records.transact(async (tx) => tx.set(healthReportRef, { report }));
}

/** What the last scheduled reconcile found; undefined before the first. */
export async function lastHealthReport(records: Records): Promise<HealthReport | undefined> {
  return (await records.get(healthReportRef))?.value.report;
}
