import { describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { cancelBody } from '../../src/executions/execution-body.ts';
import { recordHeartbeat, stopOrderFor } from '../../src/executions/record-heartbeat.ts';
import { startExecution } from '../../src/executions/start-execution.ts';
import { stopExecution } from '../../src/executions/stop-execution.ts';
import { isStopOverdue } from '../../src/executions/stop-in-force.ts';
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
  test('is carried out by the first look that finds what was started', async () => {
    const world = await RunWorld.open();
    const { order } = await world.submit();
    const run = new StartedRun(world, order!.execution_id, order!);
    world.jobs.answersStart = async () => {
      await run.stop();
      world.jobs.cancelled.length = 0;
      return { outcome: 'started', platform_execution: nameOf(1) };
    };
    await startExecution(world, order!, () => undefined);
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
    await run.look();
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 10_000 }]);
  });

  test('leaves its grace to a runner that has the command already', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 600 });
    await run.stop();
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
  });
});

describe('a stop in a hurry', () => {
  test('takes the grace it names instead of the run’s own', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 60 });
    expect((await run.stop(0)).outcome).toBe('requested');
    expect((await run.execution()).facts.stop).toMatchObject({ grace_ms: 0, cancel_at_ms: T0 });
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
  });

  test('leaves a run that is stopping less time, by the platform and by the runner’s next answer', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 600 });
    await run.stop();
    world.clock.advance(1_000);
    expect((await run.stop(0)).outcome).toBe('hastened');
    const execution = await run.execution();
    expect(execution).toMatchObject({ status: 'TERMINATING', modified_by_request_id: 'req-stop' });
    expect(execution.facts.stop).toMatchObject({ requested_at_ms: T0, grace_ms: 600_000 });
    expect(stopOrderFor(execution)).toEqual({ grace_ms: 0 });
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
    world.jobs.cancelled.length = 0;
    await run.look();
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
  });

  test('can leave a long grace a shorter one that the platform does not honour either', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 600 });
    await run.stop();
    expect((await run.stop(60_000)).outcome).toBe('hastened');
    expect(world.jobs.cancelled).toEqual([]);
    expect(stopOrderFor(await run.execution())).toEqual({ grace_ms: 60_000 });
    world.clock.advance(60_000);
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(1);
  });

  test('never leaves a run more time, and stores nothing then', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.stop();
    const writes = world.records.writes.length;
    expect((await run.stop(20_000)).outcome).toBe('already');
    expect((await run.stop(10_000)).outcome).toBe('already');
    expect(world.records.writes).toHaveLength(writes);
    expect(stopOrderFor(await run.execution())).toEqual({ grace_ms: 10_000 });
  });

  test('sends the cancel again when there is no time left to take, and nothing without haste', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.cancelFails = new Error('503');
    await run.stop(0);
    world.jobs.cancelFails = undefined;
    expect((await run.stop()).outcome).toBe('already');
    expect(world.jobs.cancelled).toEqual([]);
    expect((await run.stop(0)).outcome).toBe('already');
    expect(world.jobs.cancelled).toHaveLength(1);
  });

  test('of two at once one counts, and does nothing to a run that has ended', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.stop();
    const outcomes = await Promise.all([run.stop(0), run.stop(0)]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already', 'hastened']);
    await run.finish({ cause: 'stop', signal: 'SIGKILL' });
    world.jobs.ended(1, T0, { kind: 'cancelled' });
    await run.look();
    world.jobs.cancelled.length = 0;
    expect((await run.stop(0)).outcome).toBe('already');
    expect(world.jobs.cancelled).toEqual([]);
  });
});

describe('a stop that nobody confirms', () => {
  test('is overdue when its grace and the deployment’s stop timeout are over, never STOPPED, and cancelled at each look', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 10 });
    await run.stop();
    expect(cancelBody(await run.execution())?.confirm_by).toBe('2025-06-01T00:03:10.000Z');
    world.clock.advance(189_999);
    expect((await world.tick()).overdue).toEqual([]);
    world.clock.advance(1);
    world.jobs.cancelled.length = 0;
    expect((await world.tick()).overdue).toEqual([run.id]);
    expect((await world.tick()).overdue).toEqual([run.id]);
    expect(world.jobs.cancelled).toHaveLength(2);
    expect(await run.execution()).toMatchObject({ status: 'TERMINATING' });
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await world.tick()).overdue).toEqual([]);
    expect(cancelBody(await run.execution())).not.toHaveProperty('confirm_by');
  });

  test('stays overdue while the platform cannot be asked', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.stop();
    world.clock.advance(190_000);
    world.jobs.beforeLook = () => {
      throw new Error('503');
    };
    expect(await world.tick()).toMatchObject({ failed: 1, overdue: [run.id] });
  });

  test('is overdue sooner when somebody was in a hurry', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ grace: 600 });
    await run.stop();
    await run.stop(0);
    expect(isStopOverdue(await run.execution(), T0 + 179_999)).toBe(false);
    expect(isStopOverdue(await run.execution(), T0 + 180_000)).toBe(true);
  });
});

describe('what readers are told', () => {
  test('each step as it is known, and confirmed only when it is', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    expect(cancelBody(await run.execution())).toBeUndefined();
    await run.stop();
    expect(cancelBody(await run.execution())).toEqual({
      requested: '2025-06-01T00:00:00.000Z',
      confirm_by: '2025-06-01T00:03:10.000Z',
    });
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
