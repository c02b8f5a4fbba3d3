import { expect, test } from '@jest/globals';
import { waitingFor } from '../../src/executions/waiting-for.ts';
import { startExecution } from '../../src/executions/start-execution.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, StartedRun, T0 } from '../run-world.ts';

/** A run whose start is still under way when its time is over. */
async function late(view: 'starting' | 'alive' = 'starting'): Promise<{ world: RunWorld; run: StartedRun }> {
  const world = await RunWorld.open();
  const run = await world.started();
  if (view === 'alive') world.jobs.lives(1);
  else world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1), waiting_for: 'image_pull' });
  world.clock.advance(world.startTimeoutMs);
  return { world, run };
}

test.each(['starting', 'alive'] as const)(
  'a start that is %s after its time is cancelled, and fails once the platform confirms its end',
  async (view) => {
    const { world, run } = await late(view);
    const { execution } = await run.look();
    expect(execution).toMatchObject({ status: 'STARTING', facts: { start_timed_out_at_ms: T0 + 600_000 } });
    expect(waitingFor(execution)).toBe('stop_confirmation');
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
    world.jobs.keeps(1, { entries: [], final: true });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'start_timeout' });
  },
);

test('its cancel is sent again at each look until the end is seen, and looks write nothing', async () => {
  const { world, run } = await late();
  world.jobs.cancelFails = new Error('503');
  await expect(run.look()).rejects.toThrow('503');
  world.jobs.cancelFails = undefined;
  const writes = world.records.writes.length;
  await run.look();
  await run.look();
  expect(world.jobs.cancelled).toHaveLength(2);
  expect(world.records.writes).toHaveLength(writes);
});

test('no runner is handed the command of a run whose start was too late', async () => {
  const { run } = await late();
  await run.look();
  expect(await run.bootstrap()).toEqual({ stop: true });
  expect((await run.execution()).facts.bound).toBeUndefined();
});

test('a bootstrap that overtakes the look wins, and nothing is cancelled', async () => {
  const { world, run } = await late('alive');
  world.jobs.beforeLook = async () => void (await run.bootstrap());
  expect((await run.look()).execution).toMatchObject({ status: 'RUNNING' });
  expect((await run.execution()).facts.start_timed_out_at_ms).toBeUndefined();
  expect(world.jobs.cancelled).toEqual([]);
});

test('a platform that does not answer gives nothing up', async () => {
  const { world, run } = await late();
  world.jobs.beforeLook = () => {
    throw new Error('503');
  };
  await expect(run.look()).rejects.toThrow('503');
  expect((await run.execution()).facts.start_timed_out_at_ms).toBeUndefined();
});

test('time in which nobody was there to hear a runner does not count', async () => {
  const { world, run } = await late('alive');
  world.upSinceMs = world.clock.now();
  await run.look();
  expect((await run.execution()).facts.start_timed_out_at_ms).toBeUndefined();
  world.clock.advance(world.startTimeoutMs);
  await run.look();
  expect((await run.execution()).facts.start_timed_out_at_ms).toBe(world.clock.now());
});

test('an attempt that is made again has its own time', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  world.clock.advance(world.startTimeoutMs - 1);
  world.jobs.shows(1, { state: 'absent', never: true });
  expect((await run.look()).order?.attempt).toBe(2);
  world.jobs.lives(2);
  world.clock.advance(world.startTimeoutMs - 1);
  await run.look();
  expect(world.jobs.cancelled).toEqual([]);
  world.clock.advance(1);
  await run.look();
  expect(world.jobs.cancelled).toEqual([{ attempt: 2, platform_execution: nameOf(2), grace_ms: 0 }]);
});

test('its end is all there is to wait for: no lane is read, because no runner can have the command', async () => {
  const { world, run } = await late('alive');
  await run.look();
  world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
  world.jobs.keeps(1, new Error('it cannot be read'));
  expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'start_timeout' });
});

test('no attempt is made for a run whose start was too late', async () => {
  const { world, run } = await late();
  await run.look();
  world.jobs.shows(1, { state: 'absent', never: true });
  const { execution, order } = await run.look();
  expect(order).toBeUndefined();
  expect(execution).toMatchObject({ status: 'FAILED', reason: 'start_timeout' });
});

test('somebody who stops it then sees it STOPPED', async () => {
  const { world, run } = await late();
  await run.look();
  expect((await run.stop()).execution.status).toBe('TERMINATING');
  world.jobs.ended(1, world.clock.now(), { kind: 'cancelled' });
  world.jobs.keeps(1, { entries: [], final: true });
  expect((await run.look()).execution).toMatchObject({ status: 'STOPPED', exit_code: 130 });
});

test('what the platform says kept it from beginning is told instead', async () => {
  const { world, run } = await late();
  await run.look();
  world.jobs.ended(1, world.clock.now(), { kind: 'never_started', reason: 'image_pull' });
  world.jobs.keeps(1, { entries: [], final: true });
  expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'image_pull' });
});

test('a start that comes through after that is cancelled by the look that finds it', async () => {
  const { world, run } = await late();
  await run.look();
  world.jobs.cancelled.length = 0;
  await startExecution(world, run.order, () => undefined);
  world.jobs.lives(1);
  await run.look();
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
});
