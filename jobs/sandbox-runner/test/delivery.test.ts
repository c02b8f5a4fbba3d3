import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openDelivery } from '../src/delivery.ts';
import type { IntakeClient, IntakeReply } from '../src/intake-client.ts';
import { type Spool, openSpool } from '../src/spool.ts';
import { until } from './until.ts';

const ACCEPTED: IntakeReply = { outcome: 'accepted', body: {} };
let directory: string;
let spools = 0;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'runvoy-delivery-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const bodyOf = (seq: number) => {
  const line = { seq, stream: 'stdout', ms: 1, text: `"seq":9, "from":9 ${'x'.repeat(30)}` };
  return Buffer.from(JSON.stringify({ from: seq, lines: [line] }));
};

/** A delivery whose server and disk do as the test says. */
function open(args: {
  accept: () => boolean;
  diskTakes?: (nth: number) => boolean;
  memoryBytes?: number;
  backlogBytes?: number;
  /** What the safety lane passes on cannot be read back. */
  passesOn?: boolean;
  letGoMs?: number;
  /** Batches that the server answers late. */
  slow?: { readonly from: number; readonly until: Promise<void> };
  atOnce?: number | undefined;
  /** Resolves when a batch may be answered; at once, unless told. */
  answered?: () => Promise<void>;
  onCaughtUp?: () => void;
}) {
  spools += 1;
  const real = openSpool(join(directory, `spool.${spools}`), { execution_id: '0'.repeat(32), attempt: 1 });
  let nth = 0;
  const spool: Spool = {
    append: (kind, body) => {
      nth += 1;
      if (args.passesOn) return 'passed_on';
      return (args.diskTakes?.(nth) ?? true) ? real.append(kind, body) : 'refused';
    },
    isFull: false,
    flushed: async () => undefined,
    get end() {
      return real.end;
    },
    readAt: (offset) => real.readAt(offset),
  };
  const got: string[] = [];
  const notes: string[] = [];
  const memory = new Set<ArrayBufferLike>();
  let room = 0;
  const intake: IntakeClient = {
    async post(call, body) {
      if (typeof body !== 'string') memory.add(body.buffer);
      await Promise.resolve();
      const from = (JSON.parse(body.toString()) as { from?: number }).from;
      if (from !== undefined && from === args.slow?.from) await args.slow.until;
      await args.answered?.();
      if (!args.accept()) return { outcome: 'unreachable', why: 'planted' };
      got.push(call === 'finished' ? 'finished' : String(from));
      return ACCEPTED;
    },
    close: () => undefined,
  };
  const delivery = openDelivery({
    spool,
    intake,
    now: Date.now,
    onStop: () => undefined,
    onDismissed: () => undefined,
    onRoom: () => (room += 1),
    onCaughtUp: () => args.onCaughtUp?.(),
    note: (text) => notes.push(text),
    memoryBytes: args.memoryBytes ?? 300,
    backlogBytes: args.backlogBytes ?? 1 << 20,
    atOnce: 'atOnce' in args ? args.atOnce : 4,
    ...(args.letGoMs === undefined ? {} : { letGoMs: args.letGoMs }),
  });
  return { delivery, got, notes, memory, room: () => room };
}

describe('delivery', () => {
  test('asks the reader to wait when too much is unacknowledged, also on a disk that takes it all, and says when there is room', async () => {
    let isThere = false;
    const { delivery, got, room } = open({ accept: () => isThere, backlogBytes: 1_000 });
    let seq = 0;
    while (!delivery.fullBy) {
      seq += 1;
      delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    }
    expect(seq).toBe(Math.floor(1_000 / bodyOf(1).length) + 1);
    isThere = true;
    await until('every message', () => got.length === seq);
    expect(delivery.fullBy).toBeUndefined();
    expect(room()).toBe(1);
  });

  test('counts what is not acknowledged, and says when all is', async () => {
    const counts: number[] = [];
    const onCaughtUp = () => counts.push(delivery.onTheirWay);
    const { delivery } = open({ accept: () => true, memoryBytes: 1_000, onCaughtUp });
    const waits: number[] = [];
    for (let seq = 1; seq <= 20; seq += 1) {
      delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
      waits.push(delivery.onTheirWay);
    }
    expect(waits.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(waits.slice(4).every((count) => count > 4)).toBe(true);
    await until('all is acknowledged', () => delivery.ackedThrough === 20);
    expect(counts).toEqual([0]);
    delivery.send('logs', [bodyOf(21)], { from: 21, through: 21 });
    await until('one more is acknowledged', () => delivery.ackedThrough === 21);
    expect(counts).toEqual([0, 0]);
  });

  test('keeps of many small batches that it reads back from the disk no more memory than they take', async () => {
    const { delivery, got, memory } = open({ accept: () => true, memoryBytes: 20_000 });
    // All in one turn, so that most of them spill.
    for (let seq = 1; seq <= 2_000; seq += 1) delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    await delivery.settle(10_000);
    expect(got).toHaveLength(2_000);
    expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(2 * 2_000 * bodyOf(1).length);
  });

  test('leaves the oldest to a lane that has them when a server stays away, and never the report', async () => {
    let isThere = false;
    const { delivery, got, notes, room } = open({
      accept: () => isThere,
      passesOn: true,
      letGoMs: 100,
      memoryBytes: 2_000,
    });
    let seq = 0;
    while (!delivery.fullBy) {
      seq += 1;
      delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    }
    expect(room()).toBe(0);
    await until('room', () => room() > 0);
    expect(delivery.fullBy).toBeUndefined();
    expect(notes.filter((text) => text.endsWith('left to the safety lane'))).toHaveLength(1);
    delivery.send('finished', [Buffer.from('{}')]);
    isThere = true;
    await delivery.settle(10_000);
    // The first were on their way; the last ones still fit.
    expect(got).toEqual(expect.arrayContaining(['1', '2', '3', '4', String(seq)]));
    expect(got.at(-1)).toBe('finished');
    expect(got.length).toBeLessThan(seq + 1);
  });

  test('brings each batch once and the report last, whatever part is in memory, on disk, or refused by the disk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), fc.nat(30), async (taken, opensAt) => {
        let isOpen = false;
        const { delivery, got } = open({ accept: () => isOpen, diskTakes: (nth) => taken[nth - 1] ?? true });
        for (let seq = 1; seq <= 30; seq += 1) {
          if (seq === opensAt) isOpen = true;
          delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
          if (seq % 7 === 0) await new Promise(setImmediate);
        }
        delivery.send('finished', [Buffer.from('{}')]);
        isOpen = true;
        await delivery.settle(10_000);
        // What did not arrive at once arrives when it is tried again, behind others.
        const batches = got.slice(0, -1).toSorted((a, b) => Number(a) - Number(b));
        expect([...batches, got.at(-1)]).toEqual([...Array.from({ length: 30 }, (_, i) => String(i + 1)), 'finished']);
        expect(delivery.ackedThrough).toBe(30);
      }),
      { numRuns: 30 },
    );
  });

  test('has several batches on their way, keeps the report back for the slowest, and counts no line acknowledged behind it', async () => {
    const slow = Promise.withResolvers<void>();
    const { delivery, got } = open({ accept: () => true, slow: { from: 2, until: slow.promise } });
    for (let seq = 1; seq <= 6; seq += 1) delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    delivery.send('finished', [Buffer.from('{}')]);
    await until('all others', () => got.length === 5);
    expect(got).toEqual(['1', '3', '4', '5', '6']);
    expect(delivery.ackedThrough).toBe(1);
    slow.resolve();
    await delivery.settle(10_000);
    expect(got.slice(5)).toEqual(['2', 'finished']);
    expect(delivery.ackedThrough).toBe(6);
  });

  test.each([
    ['eight batches, unless told', undefined, 8],
    ['as many batches as it is told', 3, 3],
  ])('has %s on their way, and sends the next when one is taken', async (_title, atOnce, most) => {
    const taken: (() => void)[] = [];
    const answered = () => new Promise<void>((go) => taken.push(go));
    const { delivery, got } = open({ accept: () => true, memoryBytes: 1 << 20, atOnce, answered });
    for (let seq = 1; seq <= 12; seq += 1) delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    await until('as many as may be', () => taken.length === most);
    taken[1]!();
    await until('the next', () => taken.length === most + 1);
    expect(got).toEqual(['2']);
    for (let next = 0; next < 12; next += 1) {
      await until('the next', () => taken.length > next);
      taken[next]!();
    }
    await delivery.settle(10_000);
    expect(got.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 12 }, (_, i) => String(i + 1)));
  });

  test('is full when the disk takes nothing and the server is away, and says when there is room', async () => {
    let isOpen = false;
    const { delivery, got, notes, room } = open({ accept: () => isOpen, diskTakes: () => false });
    for (let seq = 1; seq <= 10; seq += 1) delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    expect(delivery.fullBy).toBe('log_disk');
    isOpen = true;
    await delivery.settle(10_000);
    expect(delivery.fullBy).toBeUndefined();
    expect(room()).toBe(1);
    expect(got).toHaveLength(10);
    expect(notes.filter((text) => text.includes('did not take'))).toHaveLength(1);
  });

  test('is not full while the disk takes what memory does not', async () => {
    let isOpen = false;
    const { delivery } = open({ accept: () => isOpen });
    for (let seq = 1; seq <= 1_000; seq += 1) delivery.send('logs', [bodyOf(seq)], { from: seq, through: seq });
    expect(delivery.fullBy).toBeUndefined();
    isOpen = true;
    await delivery.settle(10_000);
  });

  test('gives a server that stays away no more time than it was told', async () => {
    let isOpen = false;
    const { delivery, notes } = open({ accept: () => isOpen });
    delivery.send('finished', [Buffer.from('{}')]);
    await delivery.settle(0);
    await until('the note', () => notes.length > 0);
    expect(notes).toEqual(['finished waits: planted']);
    isOpen = true;
    await delivery.settle(10_000);
  });
});
