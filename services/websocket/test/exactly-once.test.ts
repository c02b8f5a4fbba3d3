import { expect, test } from '@jest/globals';
import { manualClock, type ManualClock } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import type { LogLine } from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import fc from 'fast-check';
import { ExecutionFeed } from '../src/execution-feed.ts';
import { typedForm } from '../src/typed-form.ts';
import { SLOW_BYTES, Viewer } from '../src/viewer.ts';
import { FakeOutlet } from './fake-outlet.ts';
import { chunkOf, ended, endRecordOf, sampleExecution, sampleLines, T0 } from './sample-execution.ts';
import { ScriptedLog } from './scripted-log.ts';

/** What a frame of a slow viewer counts for: a few of them are a backlog. `takenFrames` are what its network takes at a time. */
const SLOW_FRAME_BYTES = 300 * 1024;

type Step =
  | { readonly kind: 'store'; readonly chunk: number; readonly times: number }
  | { readonly kind: 'join'; readonly after: number; readonly takenFrames: number }
  | { readonly kind: 'leave' }
  | { readonly kind: 'second' }
  | { readonly kind: 'break' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'ended' };

interface Story {
  /** Lines a chunk. */
  readonly sizes: readonly number[];
  /** What happens, and how much of what is under way goes on before the next. */
  readonly steps: readonly { readonly step: Step; readonly pace: number }[];
  readonly hasEndRecord: boolean;
  /** Chunks so large that a feed keeps only the last few of them. */
  readonly isLarge: boolean;
}

const LARGE_BYTES = 180 * 1024;

const story: fc.Arbitrary<Story> = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }).chain((sizes) => {
  const lines = sizes.reduce((sum, size) => sum + size, 0);
  const stores = fc.subarray(
    sizes.map((_, chunk) => chunk),
    { minLength: Math.max(0, sizes.length - 2) },
  );
  const join = fc.record({
    kind: fc.constant('join' as const),
    after: fc.integer({ min: 0, max: lines + 2 }),
    takenFrames: fc.constantFrom(Infinity, Infinity, 1, 4),
  });
  const happening = fc.constantFrom<Step>(
    { kind: 'second' },
    { kind: 'second' },
    { kind: 'break' },
    { kind: 'unreadable' },
    { kind: 'leave' },
  );
  const steps = fc
    .tuple(
      stores.chain((kept) =>
        fc.tuple(
          ...kept.map((chunk) =>
            fc.record({
              kind: fc.constant('store' as const),
              chunk: fc.constant(chunk),
              times: fc.integer({ min: 1, max: 2 }),
            }),
          ),
        ),
      ),
      fc.array(join, { minLength: 1, maxLength: 4 }),
      fc.array(happening, { maxLength: 6 }),
    )
    .chain(([stored, joins, happenings]) => {
      const running: Step[] = [...stored, ...joins, ...happenings];
      const ending: Step[] = [...running, { kind: 'ended' }];
      return fc.oneof(...[running, ending].map((all) => fc.shuffledSubarray(all, { minLength: all.length })));
    })
    .chain((all) => fc.tuple(...all.map((step) => fc.record({ step: fc.constant(step), pace: fc.nat({ max: 6 }) }))));
  return fc.record({ sizes: fc.constant(sizes), steps, hasEndRecord: fc.boolean(), isLarge: fc.boolean() });
});

test('every viewer gets every line once and in order or named, whatever comes in which order', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.scheduler(), async (told, schedule) => {
      await play(told, schedule);
    }),
    { numRuns: 200 },
  );
  // Two hundred stories on a busy machine.
}, 60_000);

async function play({ sizes, steps, hasEndRecord, isLarge }: Story, schedule: fc.Scheduler): Promise<void> {
  const clock = manualClock(T0);
  const log = new ScriptedLog(sampleExecution(), (label) => schedule.schedule(Promise.resolve(), label));
  const deps = { records: log.records, archive: new MemoryArchive(), feed: log, clock, logger: silentLogger };
  const chunks: LogLine[][] = [];
  for (const size of sizes) {
    const from = chunks.flat().length + 1;
    chunks.push(sampleLines(from, from + size - 1));
  }
  const stored = new Set<number>();
  const watching: { viewer: Viewer; outlet: FakeOutlet; after: number; hasLeft: boolean }[] = [];
  const opening = ExecutionFeed.open(deps, log.execution);
  await schedule.waitIdle();
  const feed = await opening;

  const take: Record<Step['kind'], (step: Step) => void | Promise<void>> = {
    store: (step) => {
      if (step.kind !== 'store') return;
      const lines = chunks[step.chunk] ?? [];
      for (const { seq } of lines) stored.add(seq);
      const chunk = chunkOf(lines);
      const padding = Buffer.alloc(isLarge ? LARGE_BYTES : 0, ' ');
      log.store({ ...chunk, body: Buffer.concat([chunk.body, padding]) }, step.times);
    },
    join: async (step) => {
      if (step.kind !== 'join') return;
      const isSlow = step.takenFrames < Infinity;
      const outlet = new FakeOutlet((frame) => (isSlow && hasLines(frame) ? SLOW_FRAME_BYTES : 0));
      const viewer = new Viewer({ outlet, form: typedForm, log: feed, after: step.after });
      const hello = await feed.hello().catch(() => undefined);
      // Refused at the upgrade: the store did not answer.
      if (!hello) return;
      watching.push({ viewer, outlet, after: step.after, hasLeft: false });
      feed.join(viewer);
      viewer.begin(hello);
      while (isSlow && outlet.isOpen) {
        await schedule.schedule(Promise.resolve(), 'network');
        if (outlet.bufferedBytes === 0) await clock.sleep(1_000);
        outlet.take(step.takenFrames * SLOW_FRAME_BYTES);
      }
    },
    leave: () => {
      const leaver = watching.find(({ hasLeft }) => !hasLeft);
      if (!leaver || watching.length < 2) return;
      leaver.hasLeft = true;
      feed.leave(leaver.viewer);
      leaver.outlet.close(1005, '');
    },
    second: () => clock.advance(1_000),
    break: () => log.breakFeed(),
    unreadable: () => void (log.failingReads += 2),
    ended: () => {
      const all = chunks.flat();
      log.change(ended(log.execution, clock.now(), hasEndRecord ? { end_record: endRecordOf(all) } : {}));
    },
  };
  for (const { step, pace } of steps) {
    // Not awaited: what a step begins may go on while the next ones are taken.
    void take[step.kind](step);
    await settleMicrotasks();
    for (let left = pace; left > 0 && schedule.count() > 0; left -= 1) await schedule.waitOne();
  }
  await schedule.waitIdle();
  if (!steps.some(({ step }) => step.kind === 'ended')) {
    await quiet(schedule, clock);
    for (const { outlet, after, hasLeft } of watching) {
      if (!hasLeft) expect(outlet.seqs).toEqual(unbroken(stored, after + 1));
    }
    void take.ended({ kind: 'ended' });
  }
  for (let turn = 0; turn < 300 && watching.some(({ outlet }) => outlet.isOpen); turn += 1) {
    await schedule.waitIdle();
    await settleMicrotasks();
    clock.advance(1_000);
  }
  await schedule.waitIdle();

  const highest = hasEndRecord ? chunks.flat().length : Math.max(0, ...stored);
  for (const { outlet, after, hasLeft } of watching) {
    const seen: { seq: number; isGap: boolean }[] = [];
    for (const frame of outlet.frames) {
      if (frame.type === 'lines') seen.push(...frame.lines.map(({ seq }) => ({ seq, isGap: false })));
      if (frame.type === 'gap')
        seen.push(...sampleLines(frame.from, frame.to).map(({ seq }) => ({ seq, isGap: true })));
    }
    const due = sampleLines(after + 1, Math.max(after, highest)).map(({ seq }) => ({ seq, isGap: !stored.has(seq) }));
    expect(seen).toEqual(hasLeft ? due.slice(0, seen.length) : due);
    expect(outlet.mostBuffered).toBeLessThanOrEqual(SLOW_BYTES + SLOW_FRAME_BYTES);
    if (hasLeft) continue;
    expect(outlet.frames.slice(0, 2).map(({ type }) => type)).toEqual(['hello', 'status']);
    expect(outlet.frames.at(-1)).toMatchObject({ type: 'end', lines: highest });
    expect(outlet.closes).toEqual([{ code: 1000, reason: 'execution completed' }]);
  }
  feed.close();
}

/** Time enough for every retry, while the run goes on. */
async function quiet(schedule: fc.Scheduler, clock: ManualClock): Promise<void> {
  for (let second = 0; second < 90; second += 1) {
    await schedule.waitIdle();
    await settleMicrotasks();
    clock.advance(1_000);
  }
  await schedule.waitIdle();
}

/** What a viewer has to have while the run goes on: everything before the first missing line. */
function unbroken(stored: ReadonlySet<number>, first: number): number[] {
  const seqs: number[] = [];
  for (let seq = first; stored.has(seq); seq += 1) seqs.push(seq);
  return seqs;
}

function hasLines(frame: Uint8Array): boolean {
  return Buffer.from(frame).includes('"lines":[');
}

/** Whatever needs no turn of the schedule is done when this resolves. */
async function settleMicrotasks(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
