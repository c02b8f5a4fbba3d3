import { expect, test } from '@jest/globals';
import type { LogLine } from '@runvoy/protocol';
import fc from 'fast-check';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { cursorBeforeLast, cursorBeforeTime } from '../../src/logs/find-line.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryLog } from '../memory-log.ts';

const ID = 'a'.repeat(32);

/** A log whose batches have these sizes, a line every 10 ms, without the batches at the places in `lost`. */
async function logOf(sizes: readonly number[], lost: readonly number[] = []) {
  const log = new MemoryLog();
  const deps = { records: log.records, clock: manualClock(0) };
  const stored: LogLine[] = [];
  let seq = 1;
  for (const [index, size] of sizes.entries()) {
    const lines = Array.from({ length: size }, (_, at) => line(seq + at));
    seq += size;
    if (lost.includes(index)) continue;
    stored.push(...lines);
    await appendBatch(deps, ID, { from: lines[0]!.seq, lines, expires_at: 0, key_id: '', mac: '' });
  }
  return { log, stored };
}

const line = (seq: number): LogLine => ({ seq, stream: 'stdout', ms: seq * 10, text: `line ${seq}` });
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 40 });

test('the cursor before the last lines leaves exactly so many behind it, whatever the cuts and the gaps', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.nat(40)), fc.integer({ min: 1, max: 200 }), async (cut, lost, count) => {
      const { log, stored } = await logOf(cut, lost);
      const cursor = await cursorBeforeLast(log, ID, count);
      expect(stored.filter(({ seq }) => seq > cursor)).toEqual(stored.slice(-count));
    }),
  );
});

test('behind the cursor of a time lie the lines that are not older, whatever the cuts and the gaps', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.nat(40)), fc.nat(3_000), async (cut, lost, atMs) => {
      const { log, stored } = await logOf(cut, lost);
      const cursor = await cursorBeforeTime(log, ID, atMs);
      expect(stored.filter(({ seq }) => seq > cursor)).toEqual(stored.filter(({ ms }) => ms >= atMs));
    }),
  );
});

test('a time is found in a hundred times as many batches with a few reads more', async () => {
  const reads = async (batches: number) => {
    const { log } = await logOf(Array.from({ length: batches }, () => 1));
    const before = log.records.reads;
    await cursorBeforeTime(log, ID, (batches * 10) / 3);
    return log.records.reads - before;
  };
  const few = await reads(20);
  expect(few).toBeGreaterThan(2);
  expect((await reads(2_000)) - few).toBeLessThanOrEqual(9);
});
