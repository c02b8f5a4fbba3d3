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

test('a platform that names its execution is remembered by it', async () => {
  const world = await RunWorld.open();
  world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
  const run = await world.started();
  expect((await run.execution()).facts.attempts[0]?.platform_execution).toBe(nameOf(1));
});

test('an answer without a name writes nothing', async () => {
  const world = await RunWorld.open();
  const { order } = await world.submit();
  const writes = world.records.writes.length;
  expect(await startExecution(world, order!, () => undefined)).toBeUndefined();
  expect(world.records.writes).toHaveLength(writes);
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

test('an answer that cannot be stored is noticed, and the run goes on', async () => {
  const world = await RunWorld.open();
  const transact = world.records.transact.bind(world.records);
  world.jobs.answersStart = () => {
    world.records.transact = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
    return { outcome: 'started', platform_execution: nameOf(1) };
  };
  const run = await world.started();
  world.records.transact = transact;
  expect(world.noticed).toMatchObject([{ error: { code: 'STORE_UNAVAILABLE' } }]);
  expect(await run.bootstrap()).toMatchObject({ command: 'echo hi' });
});

test('what starts after its run was given up is cancelled', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  world.clock.advance(world.startTimeoutMs);
  await run.look();
  world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
  await startExecution(world, run.order, () => undefined);
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
});

test('a run that was faster than the answer to its start is left alone', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish();
  world.jobs.ended(1, world.clock.now());
  await run.look();
  world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
  expect(await startExecution(world, run.order, () => undefined)).toMatchObject({ status: 'SUCCEEDED' });
  expect(world.jobs.cancelled).toEqual([]);
});
