import { describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { cancelBody } from '../../src/executions/execution-body.ts';
import { recordHeartbeat, stopOrderFor } from '../../src/executions/record-heartbeat.ts';
import { startExecution } from '../../src/executions/start-execution.ts';
import { stopExecution } from '../../src/executions/stop-execution.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, StartedRun, T0 } from '../run-world.ts';

test('a stop is stored, then the platform is asked, and the run is TERMINATING', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.clock.advance(1_000);
  expect((await run.stop()).outcome).toBe('requested');
  expect(await run.execution()).toMatchObject({
    status: 'TERMINATING',
    modified_by_request_id: 'req-stop',
    facts: {
      stop: {
        requested_by: 'admin@example.com',
        requested_at_ms: T0 + 1_000,
        grace_ms: 10_000,
        cancel_at_ms: T0 + 1_000,
      },
    },
  });
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 10_000 }]);
});

test('a grace beyond what the platform honours reaches the runner in its next answer, and the platform after it', async () => {
  const world = await RunWorld.open();
  const run = await world.running({ grace: 60 });
  await run.stop();
  expect(world.jobs.cancelled).toEqual([]);
  const execution = await recordHeartbeat(world, run.id, run.heartbeat());
  expect(stopOrderFor(execution)).toEqual({ grace_ms: 60_000 });
  expect(execution.facts.stop?.cancel_at_ms).toBe(T0 + 60_000);
});

test('a second stop, and one after the end, do nothing', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.stop();
  const writes = world.records.writes.length;
  expect((await run.stop()).outcome).toBe('already');
  expect(world.records.writes).toHaveLength(writes);
  await run.finish({ exit_code: 0 });
  world.jobs.ended(1, T0);
  await run.look();
  expect(await run.stop()).toMatchObject({ outcome: 'already', execution: { status: 'SUCCEEDED' } });
  expect(world.jobs.cancelled).toHaveLength(1);
});

test('of two stops at once one is the stop', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const outcomes = await Promise.all([run.stop(), run.stop()]);
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already', 'requested']);
});

test('a cancel that fails is noticed, and sent again by the next look', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.cancelFails = new Error('no answer');
  expect((await run.stop()).outcome).toBe('requested');
  expect(world.noticed).toHaveLength(1);
  world.jobs.cancelFails = undefined;
  await run.look();
  expect(world.jobs.cancelled).toHaveLength(1);
});

test('who may not stop is refused, and nothing is stored', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const refuse = () => {
    throw new Failure('FORBIDDEN', 'not yours');
  };
  const by = { email: 'eve@example.com', requestId: 'r' };
  await expect(stopExecution(world, run.id, by, refuse, () => undefined)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(await run.execution()).toMatchObject({ status: 'RUNNING', modified_by_request_id: 'req-1' });
});

test('an unknown execution is told as such', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  await expect(Object.assign(run, { id: 'f'.repeat(32) }).stop()).rejects.toMatchObject({
    code: 'EXECUTION_NOT_FOUND',
  });
});

describe('a stop while the start is on its way', () => {
  test('is carried out when the start is answered', async () => {
    const world = await RunWorld.open();
    const { order } = await world.submit();
    const run = new StartedRun(world, order!.execution_id, order!);
    world.jobs.answersStart = async () => {
      await run.stop();
      world.jobs.cancelled.length = 0;
      return { outcome: 'started', platform_execution: nameOf(1) };
    };
    await startExecution(world, order!, () => undefined);
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 10_000 }]);
  });

  test('leaves its grace to a runner that has the command already', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 600 });
    await run.stop();
    world.jobs.answersStart = () => ({ outcome: 'started', platform_execution: nameOf(1) });
    await startExecution(world, run.order, () => undefined);
    expect(world.jobs.cancelled).toEqual([]);
  });
});

describe('what readers are told', () => {
  test('each step as it is known, and confirmed only when it is', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    expect(cancelBody(await run.execution())).toBeUndefined();
    await run.stop();
    expect(cancelBody(await run.execution())).toEqual({ requested: '2025-06-01T00:00:00.000Z' });
    const progress = { signalled_ms: T0 + 100, killed_ms: T0 + 10_100 };
    await run.finish({ cause: 'stop', signal: 'SIGKILL', stop_progress: progress, ended_at: T0 + 10_200 });
    world.jobs.ended(1, T0 + 10_400, { kind: 'cancelled' });
    await run.look();
    expect(cancelBody(await run.execution())).toEqual({
      requested: '2025-06-01T00:00:00.000Z',
      signalled: '2025-06-01T00:00:00.100Z',
      killed: '2025-06-01T00:00:10.100Z',
      confirmed: '2025-06-01T00:00:10.400Z',
    });
  });

  test('a stop that came too late is never confirmed', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.stop();
    await run.finish({ exit_code: 0 });
    world.jobs.ended(1, T0);
    await run.look();
    expect((await run.execution()).status).toBe('SUCCEEDED');
    expect(cancelBody(await run.execution())).not.toHaveProperty('confirmed');
  });
});
