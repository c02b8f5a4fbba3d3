import { describe, expect, test } from '@jest/globals';
import { finishExecution, isLogSettled } from '../../src/executions/finish-execution.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { SETTLE_MS } from '../../src/logs/assess-log.ts';
import { RunWorld, T0, type RunningRun } from '../run-world.ts';

async function endedRun(world: RunWorld, ...lines: string[]): Promise<RunningRun> {
  const run = await world.running();
  await run.finish({}, ...lines);
  world.jobs.ended(1, T0 + 5_000);
  await run.look();
  return run;
}

test('a run whose log is whole is forgotten by the platform, and no lane is read', async () => {
  const world = await RunWorld.open();
  const run = await endedRun(world, 'one', 'two');
  await appendBatch(world, run.id, run.logs(1, 'one', 'two'));
  expect(await finishExecution(world, run.id)).toBe('settled');
  expect((await run.execution()).log_proven).toBe(true);
  expect(world.jobs.lanesRead).toEqual([]);
  expect(world.jobs.forgotten).toEqual([run.id]);
});

test('lines that are missing are taken from the safety lane', async () => {
  const world = await RunWorld.open();
  const run = await endedRun(world, 'one', 'two');
  await appendBatch(world, run.id, run.logs(2, 'two'));
  world.jobs.keeps(1, { entries: [run.laneEntry(run.logs(1, 'one'))], final: false });
  expect(await finishExecution(world, run.id)).toBe('settled');
  expect((await run.execution()).log_proven).toBe(true);
  expect(world.jobs.missed).toEqual([{ from: 1, to: 1 }]);
});

test('a run with missing lines waits while its lane may still grow, and the platform keeps it', async () => {
  const world = await RunWorld.open();
  const run = await endedRun(world, 'one', 'two');
  expect(await finishExecution(world, run.id)).toBe('waiting');
  expect(world.jobs.forgotten).toEqual([]);
  world.jobs.keeps(1, { entries: [], final: true });
  expect(await finishExecution(world, run.id)).toBe('settled');
  expect(world.jobs.forgotten).toEqual([run.id]);
});

test('a run with missing lines waits no longer than the settle window for a lane that never says it is final', async () => {
  const world = await RunWorld.open();
  const run = await endedRun(world, 'one', 'two');
  world.clock.advance(5_000 + SETTLE_MS - 1);
  expect(await finishExecution(world, run.id)).toBe('waiting');
  world.clock.advance(1);
  expect(await finishExecution(world, run.id)).toBe('settled');
});

test('a run that died without an end record is complete when the lane brings one late', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.ended(1, T0);
  world.clock.advance(SETTLE_MS);
  await run.look();
  expect((await run.execution()).status).toBe('FAILED');
  const entries = [run.laneEntry(run.logs(1, 'one')), run.laneEntry(run.report({ exit_code: 0 }, 'one'))];
  world.jobs.keeps(1, { entries, final: false });
  expect(await finishExecution(world, run.id)).toBe('settled');
  expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'lost', log_proven: true });
  expect(world.jobs.missed).toEqual([{ from: 1, to: Infinity }]);
});

test('a lane that cannot be read leaves the run with the platform', async () => {
  const world = await RunWorld.open();
  const run = await endedRun(world, 'one');
  world.jobs.keeps(1, new Error('503'));
  await expect(finishExecution(world, run.id)).rejects.toThrow('503');
  expect(world.jobs.forgotten).toEqual([]);
});

test('doing it twice is no error, and a run that goes on is left alone', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  expect(await finishExecution(world, run.id)).toBe('settled');
  expect(await finishExecution(world, 'f'.repeat(32))).toBe('settled');
  expect(world.jobs.forgotten).toEqual([]);
  const ended = await endedRun(world);
  await finishExecution(world, ended.id);
  const writes = world.records.writes.length;
  await finishExecution(world, ended.id);
  expect(world.records.writes).toHaveLength(writes);
});

describe('a reader waits for lines', () => {
  test('while the run goes on, and until its log is proven or the window is over', async () => {
    const world = await RunWorld.open();
    const run = await endedRun(world, 'one');
    const execution = await run.execution();
    expect(isLogSettled({ ...execution, status: 'RUNNING' }, T0 + 86_400_000)).toBe(false);
    expect(isLogSettled(execution, T0 + 5_000 + SETTLE_MS - 1)).toBe(false);
    expect(isLogSettled(execution, T0 + 5_000 + SETTLE_MS)).toBe(true);
    expect(isLogSettled({ ...execution, log_proven: true }, T0)).toBe(true);
  });
});
