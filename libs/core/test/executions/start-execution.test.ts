import { expect, test } from '@jest/globals';
import { startExecution } from '../../src/executions/start-execution.ts';
import { Failure } from '../../src/failure.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld } from '../run-world.ts';

test('the platform is given the order as it was stored, once', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  expect(world.jobs.started).toEqual([run.order]);
});

test.each([[undefined], [nameOf(1)]])('an answer that names it %s reads and writes nothing', async (name) => {
  const world = await RunWorld.open();
  const { order } = await world.submit();
  const { reads, writes } = world.records;
  const before = writes.length;
  world.jobs.answersStart = () => ({ outcome: 'started', ...(name === undefined ? {} : { platform_execution: name }) });
  expect(await startExecution(world, order!, () => undefined)).toBeUndefined();
  expect(world.records.writes).toHaveLength(before);
  expect(world.records.reads).toBe(reads);
});

test('a rejection ends the run with its reason', async () => {
  const world = await RunWorld.open();
  world.jobs.answersStart = () => ({ outcome: 'rejected', reason: 'quota', details: 'no CPU left' });
  const run = await world.started();
  expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'quota' });
});

test('[no-verdict-from-error] an unknown outcome is noticed and leaves the run STARTING', async () => {
  const world = await RunWorld.open();
  world.jobs.answersStart = () => {
    throw new Error('deadline exceeded');
  };
  const run = await world.started();
  expect((await run.execution()).status).toBe('STARTING');
  expect(world.noticed).toHaveLength(1);
  expect(await run.bootstrap()).toMatchObject({ command: 'echo hi' });
});

test('a rejection that cannot be stored is noticed, and the run goes on', async () => {
  const world = await RunWorld.open();
  const transact = world.records.transact.bind(world.records);
  world.jobs.answersStart = () => {
    world.records.transact = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
    return { outcome: 'rejected', reason: 'quota', details: 'no CPU left' };
  };
  const run = await world.started();
  world.records.transact = transact;
  expect(world.noticed).toMatchObject([{ error: { code: 'STORE_UNAVAILABLE' } }]);
  expect(await run.bootstrap()).toMatchObject({ command: 'echo hi' });
});

test('what starts after its run was given up is told so, and every look cancels it', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  world.clock.advance(world.startTimeoutMs);
  await run.look();
  await startExecution(world, run.order, () => undefined);
  await expect(run.bootstrap()).rejects.toMatchObject({ code: 'EXECUTION_ENDED' });
  world.jobs.lives(1);
  await run.look();
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
});
