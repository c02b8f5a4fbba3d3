import { applyEvidence, executionsUnfinished, systemClock } from '@runvoy/core';
import { openSqliteRecords } from '../records.ts';

const A_PAGE = 200;

/**
 * Ends every run in a copy of the records that had not ended, those that wait for a slot included: where the copy came from they go on,
 * and whoever started one of them again would run its command twice. Says how many there were.
 */
export async function endUnfinished(database: string, backupAtMs: number): Promise<number> {
  const records = openSqliteRecords(database);
  try {
    let ended = 0;
    let from: string | undefined;
    do {
      const page = await records.page(executionsUnfinished, { equal: { unfinished: true }, limit: A_PAGE }, from);
      for (const { id } of page.records) {
        const at_ms = systemClock.now();
        await applyEvidence({ records, clock: systemClock }, id, [
          { kind: 'restored', backup_at_ms: backupAtMs, at_ms },
        ]);
        ended += 1;
      }
      from = page.next;
    } while (from !== undefined);
    return ended;
  } finally {
    records.close();
  }
}
