import { expect, test } from '@jest/globals';
import { manualClock } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { silentLogger } from '@runvoy/runtime';
import { ExecutionFeed } from '../src/execution-feed.ts';
import { bareForm } from '../src/bare-form.ts';
import type { Frame } from '../src/frame-form.ts';
import { typedForm } from '../src/typed-form.ts';
import { SharedChunk } from '../src/shared-chunk.ts';
import { CUT_BYTES, SLOW_BYTES, Viewer, type ViewedLog } from '../src/viewer.ts';
import { FakeOutlet } from './fake-outlet.ts';
import { chunkOf, ended, endRecordOf, sampleExecution, sampleLines, T0 } from './sample-execution.ts';
import { ScriptedLog, type Turn } from './scripted-log.ts';

const LINES = sampleLines(1, 40);

/** A feed of a log of which these lines are `stored` before it begins, each a chunk. */
async function openRoom(turn?: Turn, stored: readonly number[] = []) {
  const log = new ScriptedLog(sampleExecution(), turn);
  for (const seq of stored) log.store(chunkOf(LINES.slice(seq - 1, seq)));
  const feed = await ExecutionFeed.open(
    { records: log.records, archive: new MemoryArchive(), feed: log, clock: manualClock(T0), logger: silentLogger },
    log.execution,
  );
  return {
    log,
    feed,
    async join(outlet: FakeOutlet, after = 0, form = typedForm): Promise<Viewer> {
      const viewer = new Viewer({ outlet, form, log: feed, after });
      const hello = await feed.hello();
      feed.join(viewer);
      viewer.begin(hello);
      await idle();
      return viewer;
    },
    async store(from: number, through: number): Promise<void> {
      log.store(chunkOf(LINES.slice(from - 1, through)));
      await idle();
    },
    [Symbol.dispose]: () => feed.close(),
  };
}

/** What a frame counts for where each with lines is a backlog. */
function mebibyteOfLines(frame: Frame): number {
  return Buffer.from(frame).includes('"from"') ? SLOW_BYTES : 0;
}

/** Everything that does not wait for time or network is done when this resolves. */
async function idle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a chunk that comes live is sent without a read of the store, once to each viewer', async () => {
  using room = await openRoom();
  const [first, second] = [new FakeOutlet(), new FakeOutlet()];
  await room.join(first);
  await room.join(second);
  const reads = room.log.reads;
  await room.store(1, 5);
  await room.store(6, 6);
  expect(first.seqs).toEqual([1, 2, 3, 4, 5, 6]);
  expect(second.seqs).toEqual(first.seqs);
  expect(room.log.reads).toBe(reads);
});

test('a chunk is one write, also as bare frames', async () => {
  using room = await openRoom();
  const [typed, bare] = [new FakeOutlet(), new FakeOutlet()];
  await room.join(typed);
  await room.join(bare, 0, bareForm);
  const before = [typed.writes, bare.writes];
  await room.store(1, 40);
  expect([typed.writes, bare.writes]).toEqual(before.map((writes) => writes + 1));
  expect(bare.frames).toHaveLength(40);
});

test('a chunk that overtook another waits for it and needs no read of the store', async () => {
  using room = await openRoom();
  const outlet = new FakeOutlet();
  await room.join(outlet);
  const reads = room.log.reads;
  await room.store(6, 9);
  expect(outlet.seqs).toEqual([]);
  await room.store(1, 5);
  expect(outlet.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(room.log.reads).toBe(reads);
});

test('a viewer that was reading while more came than is kept reads on', async () => {
  let answer: Promise<void> = Promise.resolve();
  using room = await openRoom((label) => (label === 'answer' ? answer : Promise.resolve()));
  await room.store(1, 1);
  const outlet = new FakeOutlet();
  const answering = Promise.withResolvers<void>();
  const viewer = new Viewer({ outlet, form: typedForm, log: room.feed, after: 0 });
  const hello = await room.feed.hello();
  room.feed.join(viewer);
  answer = answering.promise;
  viewer.begin(hello);
  await idle();
  for (let seq = 2; seq <= 6; seq += 1) {
    const chunk = chunkOf(LINES.slice(seq - 1, seq));
    room.log.store({ ...chunk, body: Buffer.concat([chunk.body, Buffer.alloc(300 * 1024, ' ')]) });
  }
  await idle();
  answering.resolve();
  await idle();
  expect(outlet.seqs).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a hole that is filled during a read uncovers what the read had left alone', async () => {
  let answer: Promise<void> = Promise.resolve();
  using room = await openRoom((label) => (label === 'answer' ? answer : Promise.resolve()));
  for (const from of [6, 11]) {
    const chunk = chunkOf(LINES.slice(from - 1, from + 4));
    room.log.store({ ...chunk, body: Buffer.concat([chunk.body, Buffer.alloc(300 * 1024, ' ')]) });
  }
  await idle();
  const outlet = new FakeOutlet();
  const answering = Promise.withResolvers<void>();
  const viewer = new Viewer({ outlet, form: typedForm, log: room.feed, after: 0 });
  const hello = await room.feed.hello();
  room.feed.join(viewer);
  answer = answering.promise;
  viewer.begin(hello);
  await idle();
  await room.store(1, 5);
  answering.resolve();
  await idle();
  expect(outlet.seqs).toEqual(LINES.slice(0, 15).map(({ seq }) => seq));
});

test('a page that was being read when the log was settled names nothing as missing', async () => {
  let answer: Promise<void> = Promise.resolve();
  using room = await openRoom((label) => (label === 'answer' ? answer : Promise.resolve()), [1, 3]);
  const outlets = [new FakeOutlet(), new FakeOutlet()] as const;
  const viewers = outlets.map((outlet) => new Viewer({ outlet, form: typedForm, log: room.feed, after: 0 }));
  const hello = await room.feed.hello();
  for (const viewer of viewers) room.feed.join(viewer);
  const answering = Promise.withResolvers<void>();
  answer = answering.promise;
  viewers[0]!.begin(hello);
  await idle();
  answer = Promise.resolve();
  await room.store(2, 2);
  const lines = LINES.slice(0, 3);
  room.log.change(ended(room.log.execution, T0, { end_record: endRecordOf(lines), log_proven: true }));
  await idle();
  expect(room.feed.assessment).toMatchObject({ completeness: 'complete' });
  // It finds the page of the other one still under way.
  viewers[1]!.begin(hello);
  answering.resolve();
  await idle();
  for (const outlet of outlets) {
    expect(outlet.seqs).toEqual([1, 2, 3]);
    expect(outlet.frames.map(({ type }) => type)).not.toContain('gap');
    expect(outlet.frames.at(-1)).toMatchObject({ type: 'end', completeness: 'complete' });
  }
});

test('a viewer with a mebibyte before it gets nothing more until it has room, and then everything', async () => {
  using room = await openRoom();
  const outlet = new FakeOutlet(mebibyteOfLines);
  await room.join(outlet);
  for (let seq = 1; seq <= 10; seq += 1) await room.store(seq, seq);
  expect(outlet.seqs).toEqual([1]);
  expect(outlet.mostBuffered).toBe(SLOW_BYTES);
  for (let seq = 2; seq <= 10; seq += 1) {
    outlet.take(SLOW_BYTES);
    await idle();
    expect(outlet.seqs.at(-1)).toBe(seq);
  }
  expect(outlet.mostBuffered).toBe(SLOW_BYTES);
});

test('viewers that fell behind go on from what was told, without a read of the store', async () => {
  using room = await openRoom();
  const outlets = [1, 2].map(() => new FakeOutlet(mebibyteOfLines));
  for (const outlet of outlets) await room.join(outlet);
  const { reads } = room.log;
  for (let seq = 1; seq <= 10; seq += 1) await room.store(seq, seq);
  for (let taken = 0; taken < 10; taken += 1) {
    for (const outlet of outlets) outlet.take(SLOW_BYTES);
    await idle();
  }
  for (const outlet of outlets) expect(outlet.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(room.log.reads).toBe(reads);
});

test('more is kept while many are behind, and no more than for one when nobody is', async () => {
  using room = await openRoom();
  const outlets = Array.from({ length: 8 }, () => new FakeOutlet());
  for (const outlet of outlets) await room.join(outlet);
  const store = async (seq: number) => {
    const chunk = chunkOf(LINES.slice(seq - 1, seq));
    room.log.store({ ...chunk, body: Buffer.concat([chunk.body, Buffer.alloc(200 * 1024, ' ')]) });
    await idle();
  };
  const keeps = (seqs: readonly number[]) => seqs.filter((seq) => room.feed.recent(seq) !== undefined);
  for (const seq of [1, 2, 3, 4]) await store(seq);
  expect(keeps([1, 2, 3, 4])).toEqual([4]);
  for (const outlet of outlets) outlet.bufferedBytes = SLOW_BYTES;
  for (const seq of [5, 6, 7, 8]) await store(seq);
  expect(keeps([5, 6, 7, 8])).toEqual([5, 6, 7, 8]);
  for (const outlet of outlets) outlet.take(SLOW_BYTES);
  await idle();
  for (const outlet of outlets) expect(outlet.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await store(9);
  expect(keeps([5, 6, 7, 8, 9])).toEqual([9]);
});

test('viewers that have come as far read a page of the store once, and one that comes later finds it at hand', async () => {
  let answer: Promise<void> = Promise.resolve();
  using room = await openRoom(
    (label) => (label === 'answer' ? answer : Promise.resolve()),
    LINES.slice(0, 10).map(({ seq }) => seq),
  );
  const outlets = [new FakeOutlet(), new FakeOutlet(), new FakeOutlet()] as const;
  const answering = Promise.withResolvers<void>();
  const viewers = outlets.map((outlet) => new Viewer({ outlet, form: typedForm, log: room.feed, after: 0 }));
  const hello = await room.feed.hello();
  const { reads } = room.log;
  answer = answering.promise;
  for (const viewer of viewers) room.feed.join(viewer);
  for (const viewer of viewers.slice(0, 2)) viewer.begin(hello);
  await idle();
  answering.resolve();
  await idle();
  viewers[2]!.begin(hello);
  await idle();
  for (const outlet of outlets) expect(outlet.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(room.log.reads).toBe(reads + 1);
});

test('a viewer with four mebibytes before it is cut', async () => {
  using room = await openRoom();
  const outlet = new FakeOutlet();
  await room.join(outlet);
  outlet.bufferedBytes = CUT_BYTES;
  await room.store(1, 1);
  expect(outlet.closes).toMatchObject([{ code: 1013 }]);
});

test('a viewer whose frames cannot be made is cut off alone', async () => {
  using room = await openRoom();
  const [bare, typed] = [new FakeOutlet(), new FakeOutlet()];
  const torn = {
    ...bareForm,
    chunk: () => {
      throw new Error('torn');
    },
  };
  await room.join(bare, 0, torn);
  await room.join(typed);
  await room.store(1, 1);
  expect(bare.closes).toMatchObject([{ code: 1011 }]);
  expect(typed.seqs).toEqual([1]);
});

test.each([
  ['a line that comes after an unproven log was assessed', 0, 2],
  ['a cursor behind the last line', 7, 1],
])(
  'the end of %s says how many lines there were: those sent count, those skipped by a cursor do not',
  async (_, after, lines) => {
    const outlet = new FakeOutlet();
    const log: ViewedLog = {
      highest: 2,
      status: { type: 'status', status: 'FAILED' },
      assessment: { completeness: 'unproven', lines: 1, gaps: [] },
      page: async (from) => ({
        chunks: from < 2 ? [1, 2].map((seq) => new SharedChunk(chunkOf(LINES.slice(seq - 1, seq)))) : [],
        isLast: true,
        mark: 0,
        assessment: log.assessment,
      }),
      keepsAllSince: () => true,
      recent: () => undefined,
      awaitHole: () => undefined,
      broken: (error) => {
        throw error;
      },
    };
    const viewer = new Viewer({ outlet, form: typedForm, log, after });
    viewer.begin({ type: 'hello', execution_id: 'a'.repeat(32), status: 'FAILED', head: 1, tail: 2 });
    await idle();
    expect(outlet.frames.at(-1)).toMatchObject({ type: 'end', lines, completeness: 'unproven' });
  },
);
