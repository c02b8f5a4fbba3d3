import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import type { DeclaredQuery, Ref } from '@runvoy/core';
import { openSqliteRecords, sqliteRecordsOn, type SqliteRecords } from '@runvoy/provider-local';
import { openDatabase } from '../../src/sqlite/open-database.ts';

jest.setTimeout(300_000);

interface Chunk {
  readonly execution_id: string;
  readonly through: number;
  readonly body: Uint8Array;
}

const counter: Ref<{ email: string; credit: number }> = { collection: 'users', id: 'counter' };
const run = (id: string): Ref<{ started_at_ms: number }> => ({ collection: 'executions', id });
const chunk = (id: string): Ref<Chunk> => ({ collection: 'log-chunks', id });
const newestRuns: DeclaredQuery<{ started_at_ms: number }> = { name: 'executionsNewestFirst' };

const WRITES = 200;
// Of the write-ahead log's format, https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const LOG_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE = 16_384;
const FRAME = FRAME_HEADER + PAGE;
/** Every frame is cut off; one in so many is cut through as well, at one of these places. */
const CUT_THROUGH_EVERY = 5;
const INSIDE = [FRAME_HEADER / 2, FRAME_HEADER, FRAME_HEADER + PAGE / 2, FRAME - 1];

/** What the records hold after so many writes. */
interface Model {
  readonly writes: number;
  readonly runs: ReadonlyMap<string, number>;
  readonly chunks: ReadonlySet<string>;
}

const bodyOf = (index: number) => new Uint8Array((index * 977) % 5_000).fill(index);

/** One transaction over three collections: a count, a run that is created or changed, chunks that come and go. */
async function write(records: SqliteRecords, { writes, runs, chunks }: Model): Promise<Model> {
  const index = writes + 1;
  const runId = `run-${index % 20}`;
  const gone = index % 3 === 0 ? `chunk-${index - 2}` : undefined;
  await records.transact(async (tx) => {
    tx.set(counter, { email: 'counter', credit: index });
    tx.set<object>(run(runId), {
      started_at_ms: index,
      status: `S${index % 5}`,
      created_by: 'ann',
      unfinished: index % 2 === 0,
    });
    tx.create(chunk(`chunk-${index}`), { execution_id: runId, through: index, body: bodyOf(index) });
    if (gone !== undefined) tx.delete(chunk(gone));
  });
  const chunksNow = new Set(chunks).add(`chunk-${index}`);
  if (gone !== undefined) chunksNow.delete(gone);
  return { writes: index, runs: new Map(runs).set(runId, index), chunks: chunksNow };
}

/** Opens the files as a server would after a crash, and compares all that they hold. */
async function expectHolds(path: string, { writes, runs, chunks }: Model): Promise<void> {
  const database = openDatabase(path);
  const records = sqliteRecordsOn(database);
  expect((await records.get(counter))?.value.credit).toBe(writes === 0 ? undefined : writes);
  const newest = await records.page(newestRuns, { limit: 100 });
  const expected = [...runs].sort((a, b) => b[1] - a[1]);
  expect(newest.records.map(({ id, value }) => [id, value.started_at_ms])).toEqual(expected);
  const right: string[] = [];
  for (let index = 1; index <= writes + 1; index += 1) {
    const stored = await records.get(chunk(`chunk-${index}`));
    if (stored && Buffer.compare(stored.value.body, bodyOf(index)) === 0) right.push(stored.id);
    else expect(stored).toBeUndefined();
  }
  expect(right).toEqual([...chunks]);
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  // These files are not needed any more, and closing them would sync them.
  database.exec('PRAGMA synchronous = OFF');
  records.close();
}

/** Where a write of these bytes may have been interrupted: before and after each frame that it changed, and within some. */
function cutsOf(before: Buffer, after: Buffer): number[] {
  const cuts: number[] = [];
  for (let from = LOG_HEADER; from < after.length; from += FRAME) {
    const until = from + FRAME;
    if (before.subarray(from, until).equals(after.subarray(from, until))) continue;
    cuts.push(from, until);
    const turn = (from - LOG_HEADER) / FRAME / CUT_THROUGH_EVERY;
    if (Number.isInteger(turn)) cuts.push(from + INSIDE[turn % INSIDE.length]!);
  }
  return [...new Set(cuts)].sort((a, b) => a - b);
}

test('a write-ahead log that was cut at or in any frame of 200 writes opens and has lost nothing acknowledged', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'runvoy-wal-'));
  const [live, crashed] = [join(directory, 'live.sqlite'), join(directory, 'crashed.sqlite')];
  const filesNow = () => ({ database: readFileSync(live), log: readFileSync(`${live}-wal`) });
  const records = openSqliteRecords(live);
  let model: Model = { writes: 0, runs: new Map(), chunks: new Set() };
  let before = filesNow();
  let restarts = 0;
  let images = 0;
  while (model.writes < WRITES) {
    const acknowledged = model;
    model = await write(records, acknowledged);
    const after = filesNow();
    const cuts = cutsOf(before.log, after.log);
    if (cuts[0] === LOG_HEADER) restarts += 1;
    for (const cut of cuts) {
      // What lies behind the cut is what lay there before: nothing, or what an earlier round of the log left.
      const log = Buffer.concat([after.log.subarray(0, cut), before.log.subarray(cut)]);
      writeFileSync(crashed, before.database);
      writeFileSync(`${crashed}-wal`, log);
      await expectHolds(crashed, cut === cuts.at(-1) ? model : acknowledged);
      images += 1;
    }
    before = after;
  }
  records.close();
  await rm(directory, { recursive: true });
  // Several frames a write; the log began anew at least once.
  expect(images).toBeGreaterThan(WRITES * 5);
  expect(restarts).toBeGreaterThan(0);
});
