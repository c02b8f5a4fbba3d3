import { expect, test } from '@jest/globals';
import type { LogsMessage } from '@runvoy/protocol';
import fc from 'fast-check';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { readChunks, readHead, readLines, readTail } from '../../src/logs/read-log.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryLog } from '../memory-log.ts';

const ID = 'a'.repeat(32);

function batch(from: number, count: number): LogsMessage {
  const lines = Array.from({ length: count }, (_, index) => ({
    seq: from + index,
    stream: 'stdout' as const,
    ms: 0,
    text: `line ${from + index}`,
  }));
  return { from, lines, expires_at: 0, key_id: '', mac: '' };
}

/** A log cut into batches of these sizes, without those whose index is in `lost`. */
async function logOf(sizes: readonly number[], lost: readonly number[] = []): Promise<MemoryLog> {
  const log = new MemoryLog();
  const deps = { records: log.records, clock: manualClock(0) };
  let from = 1;
  for (const [index, size] of sizes.entries()) {
    if (!lost.includes(index)) await appendBatch(deps, ID, batch(from, size));
    from += size;
  }
  // A neighbour whose lines must never appear.
  await appendBatch(deps, 'b'.repeat(32), batch(1, 5));
  return log;
}

function seqs(sizes: readonly number[], lost: readonly number[] = []): number[] {
  let next = 1;
  return sizes.flatMap((size, index) => {
    const own = Array.from({ length: size }, (_, offset) => next + offset);
    next += size;
    return lost.includes(index) ? [] : own;
  });
}

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 40 });

test('[cursor-ignored] after n come exactly the lines n+1 and on, whatever the cuts, the gaps and the page size', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.nat(40)),
      fc.nat(300),
      fc.integer({ min: 1, max: 20 }),
      async (cut, lost, after, page) => {
        const log = await logOf(cut, lost);
        const read = await Array.fromAsync(readLines(log, ID, after), ({ seq }) => seq);
        expect(read).toEqual(seqs(cut, lost).filter((seq) => seq > after));
        const chunks = await Array.fromAsync(readChunks(log, ID, after, page));
        const ends = chunks.map(({ through }) => through);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        expect(new Set(chunks.map(({ from }) => from)).size).toBe(chunks.length);
        expect(chunks.every(({ through }) => through > after)).toBe(true);
        expect(
          chunks
            .flatMap(({ from, through }) => Array.from({ length: through - from + 1 }, (_, i) => from + i))
            .filter((seq) => seq > after),
        ).toEqual(read);
      },
    ),
    { numRuns: 100 },
  );
});

test('reading on from any line one has seen gives every line once', async () => {
  const cut = [3, 1, 16, 40, 2];
  const log = await logOf(cut);
  for (let after = 0; after <= 62; after += 1) {
    const seen = await Array.fromAsync(readLines(log, ID, after), ({ seq }) => seq);
    expect(seen).toEqual(seqs(cut).slice(after));
  }
});

test('head and tail are the first and the last stored line, zero when there is none', async () => {
  const log = await logOf([3, 4, 5], [0]);
  expect([await readHead(log, ID), await readTail(log, ID)]).toEqual([4, 12]);
  expect([await readHead(log, 'c'.repeat(32)), await readTail(log, 'c'.repeat(32))]).toEqual([0, 0]);
});

test('pages are read as they are consumed', async () => {
  const log = await logOf(Array.from({ length: 100 }, () => 1));
  const reads = log.records.reads;
  for await (const line of readLines(log, ID, 0)) if (line.seq === 1) break;
  expect(log.records.reads - reads).toBe(1);
});

test('lines that are stored while a reader reads are read too', async () => {
  const log = await logOf(Array.from({ length: 16 }, () => 1));
  const seen: number[] = [];
  for await (const { seq } of readLines(log, ID, 0)) {
    seen.push(seq);
    if (seq === 1) await appendBatch({ records: log.records, clock: manualClock(0) }, ID, batch(17, 2));
  }
  expect(seen.at(-1)).toBe(18);
});
