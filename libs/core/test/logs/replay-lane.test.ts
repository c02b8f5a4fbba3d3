import { expect, test } from '@jest/globals';
import { replayLane } from '../../src/logs/replay-lane.ts';
import { readLines } from '../../src/logs/read-log.ts';
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
