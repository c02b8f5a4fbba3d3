import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogLine, LogStream } from '@runvoy/protocol';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { readTails } from '../../src/logs/read-tails.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryLog } from '../memory-log.ts';

const ID = 'a'.repeat(32);

async function logOf(lines: readonly LogLine[], linesABatch: number): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (let start = 0; start < lines.length; start += linesABatch) {
    const batch = lines.slice(start, start + linesABatch);
    const message = { from: batch[0]!.seq, lines: batch, expires_at: 0, key_id: '', mac: '' };
    await appendBatch({ records: log.records, clock: manualClock(0) }, ID, message);
  }
  return log;
}

function line(seq: number, stream: LogStream, text: string, partial?: true): LogLine {
  return { seq, stream, ms: 0, text, ...(partial ? { partial } : {}) };
}

test('each stream’s end is whole lines as written, without ours', async () => {
  const log = await logOf(
    [
      line(1, 'system', '### runvoy'),
      line(2, 'stdout', 'out'),
      line(3, 'stderr', 'err'),
      line(4, 'stdout', 'no end', true),
    ],
    2,
  );
  expect(await readTails(log, ID, 100)).toEqual({
    stdout: { text: 'out\nno end', cut: false },
    stderr: { text: 'err\n', cut: false },
    through: 4,
  });
});

test('a run that wrote nothing has empty ends', async () => {
  const nothing = { text: '', cut: false };
  expect(await readTails(new MemoryLog(), ID, 100)).toEqual({ stdout: nothing, stderr: nothing, through: 0 });
});

test('whatever was written in whatever batches, an end is the longest run of last lines that fits, and says what was cut', async () => {
  const written = fc.array(
    fc.record({
      stream: fc.constantFrom<LogStream>('stdout', 'stderr'),
      text: fc.string({ maxLength: 12, unit: 'grapheme' }),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(
      written,
      fc.integer({ min: 3, max: 9 }),
      fc.integer({ min: 1, max: 60 }),
      async (texts, size, bytes) => {
        const lines = texts.map(({ stream, text }, index) => line(index + 1, stream, text.toWellFormed()));
        const tails = await readTails(await logOf(lines, size), ID, bytes);
        for (const stream of ['stdout', 'stderr'] as const) {
          const own = lines.filter((each) => each.stream === stream).map(({ text }) => `${text}\n`);
          let from = own.length;
          while (from > 0 && Buffer.byteLength(own.slice(from - 1).join('')) <= bytes) from -= 1;
          expect(tails[stream]).toEqual({ text: own.slice(from).join(''), cut: from > 0 });
        }
      },
    ),
  );
});

test('of a long log no more is read than its last chunks, and what was not looked at counts as cut', async () => {
  const lines = Array.from({ length: 400 }, (_, index) => line(index + 1, 'stdout', `line ${index + 1}`));
  const log = await logOf(lines, 4);
  const before = log.records.reads;
  const { stdout, stderr } = await readTails(log, ID, 100_000);
  expect(log.records.reads - before).toBe(4);
  expect(stdout.text.startsWith('line 337\n')).toBe(true);
  expect([stdout.cut, stderr]).toEqual([true, { text: '', cut: true }]);
});
