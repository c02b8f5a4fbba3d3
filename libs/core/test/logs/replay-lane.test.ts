import { expect, test } from '@jest/globals';
import type { LogsMessage } from '@runvoy/protocol';
import type { LogChunk } from '../../src/logs/log-chunk.ts';
import { replayLane, takeLaneEntry } from '../../src/logs/replay-lane.ts';
import { readLines } from '../../src/logs/read-log.ts';
import type { Ref, Tx } from '../../src/records/records.ts';
import { RunWorld, T0 } from '../run-world.ts';

async function textsOf(world: RunWorld, id: string): Promise<string[]> {
  return Array.fromAsync(readLines(world, id, 0), ({ text }) => text);
}

test('everything genuine in a lane is stored, and it says whether a report was there and more may come', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const ref = { execution_id: run.id, attempt: 1 };
  world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'a'))], final: false });
  expect(await replayLane(world, ref)).toEqual({ reported: false, final: false });
  const entries = [
    run.laneEntry(run.logs(1, 'a')),
    run.laneEntry(run.logs(2, 'b')),
    run.laneEntry(run.report({}, 'a', 'b')),
  ];
  world.jobs.keeps(1, { entries, final: true });
  expect(await replayLane(world, ref)).toEqual({ reported: true, final: true });
  expect(await textsOf(world, run.id)).toEqual(['a', 'b']);
  expect((await run.execution()).end_record?.lines).toBe(2);
});

test('what is not signed by this execution, or badly numbered, is passed over, and the rest is stored', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const other = await world.running();
  const forged = { ...run.logs(1, 'forged'), mac: '0'.repeat(64) };
  const unnumbered = { ...run.logs(5, 'x'), from: 9 };
  const foreign = { ...other.laneEntry(other.logs(1, 'foreign')), execution_id: run.id };
  const entries = [
    run.laneEntry(forged),
    run.laneEntry(unnumbered),
    foreign,
    other.laneEntry(other.logs(1, 'labelled for another')),
    run.laneEntry({ ...run.report({ exit_code: 0 }), exit_code: 9 }),
    { runvoy: 'logs', execution_id: run.id, attempt: 1 } as never,
    run.laneEntry(run.logs(1, 'genuine')),
  ];
  world.jobs.keeps(1, { entries, final: true });
  expect(await replayLane(world, { execution_id: run.id, attempt: 1 })).toEqual({ reported: false, final: true });
  expect(await textsOf(world, run.id)).toEqual(['genuine']);
  expect((await run.execution()).end_record).toBeUndefined();
});

test('an empty batch in the lane does not take the place of the real one', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const entries = [run.laneEntry(run.logs(1)), run.laneEntry(run.logs(1, 'real'))];
  world.jobs.keeps(1, { entries, final: true });
  await replayLane(world, { execution_id: run.id, attempt: 1 });
  expect(await textsOf(world, run.id)).toEqual(['real']);
});

test.each([
  ['a field added', { note: 'x' }],
  ['its time as text', { ms: String(T0) }],
  ['a continuation that is no flag', { partial: '' }],
])('a signed batch to which somebody gave %s is passed over: the MAC does not cover it', async (_, change) => {
  const world = await RunWorld.open();
  const run = await world.running();
  const genuine = run.logs(1, 'a');
  const tampered = { ...genuine, lines: genuine.lines.map((line) => ({ ...line, ...change })) } as typeof genuine;
  world.jobs.keeps(1, { entries: [run.laneEntry(tampered), run.laneEntry(genuine)], final: true });
  await replayLane(world, { execution_id: run.id, attempt: 1 });
  expect(await Array.fromAsync(readLines(world, run.id, 0))).toEqual(genuine.lines);
});

test('a batch that contradicts a stored one is a fault, and the others are still taken', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const entries = [run.laneEntry(run.logs(1, 'a')), run.laneEntry(run.logs(1, 'b')), run.laneEntry(run.logs(2, 'c'))];
  world.jobs.keeps(1, { entries, final: true });
  await replayLane(world, { execution_id: run.id, attempt: 1 });
  expect(await textsOf(world, run.id)).toEqual(['a', 'c']);
  expect((await run.execution()).faults).toMatchObject([{ kind: 'batch_mismatch' }]);
});

test('a lane is taken in even days after the deadline, until its session has expired', async () => {
  const world = await RunWorld.open();
  const run = await world.running({ timeout: 60 });
  world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'late'))], final: true });
  world.clock.advance(run.session.expires_at - T0);
  await replayLane(world, { execution_id: run.id, attempt: 1 });
  expect(await textsOf(world, run.id)).toEqual([]);
  world.clock.advance(-1);
  await replayLane(world, { execution_id: run.id, attempt: 1 });
  expect(await textsOf(world, run.id)).toEqual(['late']);
});

test.each([
  ['in order', (batches: readonly LogsMessage[]) => batches],
  ['from the end', (batches: readonly LogsMessage[]) => batches.toReversed()],
  ['each twice', (batches: readonly LogsMessage[]) => [...batches, ...batches]],
])(
  'of lines that come by the safety lane after their report, %s, the last one proves the log, and until then no more is read than what lies beside',
  async (_, inOrder) => {
    const world = await RunWorld.open();
    const run = await world.running();
    const texts = Array.from({ length: 12 }, (__, nth) => `line ${nth + 1}`);
    await takeLaneEntry(world, run.laneEntry(run.report({}, ...texts)));
    const pages: number[] = [];
    const records = Object.assign(Object.create(world.records) as typeof world.records, {
      get: (ref: Ref<object>) => world.records.get(ref),
      getFields: (ref: Ref<LogChunk>, fields: readonly (keyof LogChunk)[]) => world.records.getFields(ref, fields),
      create: (ref: Ref<object>, value: object) => world.records.create(ref, value),
      transact: (change: (tx: Tx) => Promise<unknown>) => world.records.transact(change),
      page: async (...asked: Parameters<typeof world.records.page>) => {
        const page = await world.records.page(...asked);
        pages.push(page.records.length);
        return page;
      },
    });
    const { archive, clock, signingKeys } = world;
    const entries = inOrder(texts.map((text, nth) => run.logs(nth + 1, text)));
    for (const [nth, batch] of entries.entries()) {
      pages.length = 0;
      await takeLaneEntry({ records, archive, clock, signingKeys }, run.laneEntry(batch));
      if ((await run.execution()).log_proven) expect(nth).toBeGreaterThanOrEqual(11);
      else expect(pages.every((found) => found <= 3)).toBe(true);
    }
    expect(await run.execution()).toMatchObject({ log_proven: true, faults: [] });
  },
);

test('lines that come by the safety lane after their report prove the log also when each closes a hole', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const texts = Array.from({ length: 9 }, (_, nth) => `line ${nth + 1}`);
  await takeLaneEntry(world, run.laneEntry(run.report({}, ...texts)));
  for (const nth of [0, 2, 4, 6, 8, 7, 5, 3]) {
    await takeLaneEntry(world, run.laneEntry(run.logs(nth + 1, texts[nth]!)));
    expect((await run.execution()).log_proven).toBeUndefined();
  }
  await takeLaneEntry(world, run.laneEntry(run.logs(2, texts[1]!)));
  expect(await run.execution()).toMatchObject({ log_proven: true, faults: [] });
});

test('of the last two that are missing, brought at once, one proves the log', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  for (const entry of [run.report({}, 'a', 'b', 'c', 'd'), run.logs(1, 'a'), run.logs(4, 'd')]) {
    await takeLaneEntry(world, run.laneEntry(entry));
  }
  await Promise.all([run.logs(2, 'b'), run.logs(3, 'c')].map((batch) => takeLaneEntry(world, run.laneEntry(batch))));
  expect(await run.execution()).toMatchObject({ log_proven: true, faults: [] });
});

test('a store that fails makes the replay fail: nothing is taken for read that is not stored', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'a'))], final: true });
  const records = Object.assign(Object.create(world.records) as typeof world.records, {
    getFields: async () => undefined,
    create: () => Promise.reject(new Error('store down')),
  });
  const { archive, jobs, clock, signingKeys } = world;
  const replay = replayLane({ records, archive, jobs, clock, signingKeys }, { execution_id: run.id, attempt: 1 });
  await expect(replay).rejects.toThrow('store down');
});
