import { expect, test } from '@jest/globals';
import type { Records } from '../src/records/records.ts';
import { documentedTable, printedTable } from '../test/markdown-table.ts';
import { countOperations } from './counted-runs.ts';
import type { OperationRow } from './counted-runs.ts';
import type { StoreOperations } from './counting-records.ts';

/** What a plain run may ask of the store, besides one write for each chunk. */
const MOST = { reads: 5, writes: 4 };

/** What each step asks of a store is what docs/store-operations.md says, on every store, and within the stated bounds. */
export function storeOperationsContract(name: string, openRecords: () => Promise<Records & AsyncDisposable>): void {
  let once: Promise<readonly OperationRow[]> | undefined;
  const counted = () => (once ??= countOnce(openRecords));

  test(`every step of a run asks of ${name} what docs/store-operations.md says`, async () => {
    const documented = documentedTable('store-operations.md', 'step', 'reads', 'records read', 'writes');
    expect(printed(await counted())).toBe(printedTable(documented));
  });

  test(`a plain run keeps within its bounds on ${name}`, async () => {
    const rows = new Map(await counted());
    const plain = requireRow(rows, 'a plain run of one chunk');
    const chunk = requireRow(rows, 'a chunk of lines');
    expect(chunk).toEqual({ reads: 0, records_read: 0, writes: 1, records_written: 1 });
    expect(plain.records_read).toBeLessThanOrEqual(MOST.reads);
    expect(plain.records_written - chunk.records_written).toBeLessThanOrEqual(MOST.writes);
  });

  test(`a look at a run that goes on, a heartbeat of one that is not silent, and a tick write nothing to ${name}`, async () => {
    const rows = new Map(await counted());
    for (const step of ['a look at a run that goes on', 'a heartbeat']) {
      expect(rows.get(step)).toEqual({ reads: 1, records_read: 1, writes: 0, records_written: 0 });
    }
    expect(requireRow(rows, 'a tick with ten runs that go on').writes).toBe(0);
  });
}

async function countOnce(openRecords: () => Promise<Records & AsyncDisposable>): Promise<readonly OperationRow[]> {
  await using opened = new AsyncDisposableStack();
  return await countOperations(async () => opened.use(await openRecords()));
}

function requireRow(rows: ReadonlyMap<string, StoreOperations>, step: string): StoreOperations {
  const row = rows.get(step);
  if (!row) throw new Error(`no step is called "${step}"`);
  return row;
}

function printed(rows: readonly OperationRow[]): string {
  return printedTable(
    rows.map(([step, { reads, records_read, writes, records_written }]) => [
      step,
      String(reads),
      String(records_read),
      String(writes),
      String(records_written),
    ]),
  );
}
