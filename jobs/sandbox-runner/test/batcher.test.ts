import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LIMITS, type LogLine, type SafetyLaneEntry } from '@runvoy/protocol';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { openBatcher } from '../src/batcher.ts';
import { openMessageSigner } from '../src/message-signer.ts';
import { SESSION } from './fake-intake.ts';

const line = (seq: number, text: string): LogLine => ({ seq, stream: 'stdout', ms: 1_795_000_000_000, text });

function open(batchMs: number, way: { readonly batches: number } = { batches: 0 }) {
  const signer = openMessageSigner('0'.repeat(32), SESSION);
  const bodies: string[] = [];
  const batches: LogLine[][] = [];
  const batcher = openBatcher({
    batchMs,
    now: Date.now,
    onBatch(batch) {
      bodies.push(Buffer.concat(signer.logs(batch)).toString());
      batches.push(JSON.parse(batch.json.toString()) as LogLine[]);
    },
    onTheirWay: () => way.batches,
  });
  const add = (each: LogLine) => {
    const bytes = Buffer.from(each.text);
    batcher.add(each, { bytes, start: 0, end: bytes.length, partial: false });
  };
  return { batcher, add, batches, bodies, seqs: () => batches.map((lines) => lines.map(({ seq }) => seq)) };
}

describe('batches', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('put together are the lines that came in, none above the limit once signed and wrapped', () => {
    const texts = fc.array(fc.tuple(fc.string({ unit: anyCharacter }), fc.nat(15 * 1024), fc.boolean()), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(texts, (drawn) => {
        const { batcher, add, batches, bodies } = open(1_000);
        const lines = drawn.map(([text, pad], i) => line(i + 1, text.toWellFormed() + '\0'.repeat(pad)));
        lines.forEach((each, i) => {
          add(each);
          if (drawn[i]![2]) batcher.settle();
        });
        batcher.flush();
        expect(batches.flat()).toEqual(lines);
        for (const [i, body] of bodies.entries()) {
          expect(JSON.parse(body)).toMatchObject({ from: batches[i]![0]!.seq, lines: batches[i] });
          const entry = {
            runvoy: 'logs',
            execution_id: '0'.repeat(32),
            attempt: 1,
            body: JSON.parse(body),
          } as SafetyLaneEntry;
          expect(Buffer.byteLength(JSON.stringify(entry))).toBeLessThanOrEqual(LIMITS.batchBytes);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('go at once for the lines of a first read, and gather those that follow closely', () => {
    const { batcher, add, seqs } = open(250);
    add(line(1, 'a'));
    add(line(2, 'b'));
    batcher.settle();
    expect(seqs()).toEqual([[1, 2]]);
    for (const seq of [3, 4]) {
      add(line(seq, 'c'));
      batcher.settle();
      jest.advanceTimersByTime(100);
    }
    expect(seqs()).toEqual([[1, 2]]);
    jest.advanceTimersByTime(50);
    expect(seqs()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('go at once again after a pause', () => {
    const { batcher, add, seqs } = open(250);
    add(line(1, 'a'));
    batcher.settle();
    jest.advanceTimersByTime(250);
    add(line(2, 'b'));
    batcher.settle();
    expect(seqs()).toEqual([[1], [2]]);
  });

  test('take what was held back along with the first line of a read, at once', () => {
    const { batcher, add, seqs } = open(250);
    add(line(1, 'ours'));
    batcher.hold();
    jest.advanceTimersByTime(100);
    expect(seqs()).toEqual([]);
    add(line(2, 'a'));
    batcher.settle();
    expect(seqs()).toEqual([[1, 2]]);
    jest.advanceTimersByTime(1_000);
    expect(seqs()).toEqual([[1, 2]]);
  });

  test('of what was held back go when nothing is read, and do not keep the first line of a read waiting', () => {
    const { batcher, add, seqs } = open(250);
    add(line(1, 'ours'));
    batcher.hold();
    jest.advanceTimersByTime(250);
    expect(seqs()).toEqual([[1]]);
    add(line(2, 'a'));
    batcher.settle();
    expect(seqs()).toEqual([[1], [2]]);
  });

  test('grow while one is on its way, and go as soon as none is', () => {
    const way = { batches: 0 };
    const { batcher, add, seqs } = open(10, way);
    add(line(1, 'a'));
    batcher.settle();
    way.batches = 1;
    for (const seq of [2, 3, 4]) {
      add(line(seq, 'b'));
      batcher.settle();
      jest.advanceTimersByTime(20);
    }
    expect(seqs()).toEqual([[1]]);
    way.batches = 0;
    batcher.caughtUp();
    expect(seqs()).toEqual([[1], [2, 3, 4]]);
  });

  test('wait for the clock even if nothing is on its way any more', () => {
    const { batcher, add, seqs } = open(10);
    add(line(1, 'a'));
    batcher.settle();
    add(line(2, 'b'));
    batcher.settle();
    jest.advanceTimersByTime(9);
    batcher.caughtUp();
    expect(seqs()).toEqual([[1]]);
    jest.advanceTimersByTime(1);
    expect(seqs()).toEqual([[1], [2]]);
  });

  test('go at once after a pause although one is on its way, and wait behind two', () => {
    const way = { batches: 1 };
    const { batcher, add, seqs } = open(10, way);
    for (const seq of [1, 2]) {
      add(line(seq, 'alone'));
      batcher.settle();
      expect(seqs()).toHaveLength(seq);
      jest.advanceTimersByTime(10);
    }
    way.batches = 2;
    add(line(3, 'alone'));
    batcher.settle();
    jest.advanceTimersByTime(10);
    expect(seqs()).toEqual([[1], [2]]);
    batcher.caughtUp();
    expect(seqs()).toEqual([[1], [2], [3]]);
  });

  test('go after a quarter of a second even if one stays on its way', () => {
    const { batcher, add, seqs } = open(10, { batches: 1 });
    add(line(1, 'a'));
    batcher.settle();
    add(line(2, 'b'));
    batcher.settle();
    jest.advanceTimersByTime(249);
    expect(seqs()).toEqual([[1]]);
    jest.advanceTimersByTime(1);
    expect(seqs()).toEqual([[1], [2]]);
  });

  test('go after a quarter of a second also when the clock was set back meanwhile', () => {
    const { batcher, add, seqs } = open(10, { batches: 1 });
    add(line(1, 'a'));
    batcher.settle();
    jest.setSystemTime(Date.now() - 3_600_000);
    add(line(2, 'b'));
    batcher.settle();
    jest.advanceTimersByTime(250);
    expect(seqs()).toEqual([[1], [2]]);
  });

  test('that gather already are not held back by lines of our own', () => {
    const { batcher, add, seqs } = open(250);
    add(line(1, 'a'));
    batcher.settle();
    add(line(2, 'b'));
    batcher.settle();
    jest.advanceTimersByTime(200);
    add(line(3, 'ours'));
    batcher.hold();
    jest.advanceTimersByTime(50);
    expect(seqs()).toEqual([[1], [2, 3]]);
  });
});
