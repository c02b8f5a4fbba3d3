import { openSqliteRecords } from '@runvoy/provider-local';
import { expect, test } from '@jest/globals';
import { documentedTable, printedTable } from './markdown-table.ts';
import { MemoryRecords } from './memory-records.ts';
import { countOperations } from './store-operations.ts';
import type { OperationRow } from './store-operations.ts';

const printed = (rows: readonly OperationRow[]): string =>
  printedTable(
    rows.map(([step, { reads, writes, records_written }]) => [
      step,
      String(reads),
      String(writes),
      String(records_written),
    ]),
  );

const documented = printedTable(documentedTable('store-operations.md', 'step', 'reads', 'writes', 'records written'));

test('every step of a run asks of the store what docs/store-operations.md says', async () => {
  expect(printed(await countOperations(async () => new MemoryRecords()))).toBe(documented);
});

test('and the same of the local store', async () => {
  await using records = openSqliteRecords(':memory:');
  await using others = openSqliteRecords(':memory:');
  const stores = [records, others];
  expect(printed(await countOperations(async () => stores.shift()!))).toBe(documented);
});

test('a look at a run that goes on, and a heartbeat of one that is not silent, write nothing', async () => {
  const rows = new Map(await countOperations(async () => new MemoryRecords()));
  for (const step of ['a look at a run that goes on', 'a heartbeat']) {
    expect(rows.get(step)).toEqual({ reads: 1, writes: 0, records_written: 0 });
  }
  expect(rows.get('a chunk of lines')).toEqual({ reads: 0, writes: 1, records_written: 1 });
});
