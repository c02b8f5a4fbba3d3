import { describe, expect, test } from '@jest/globals';
import { executionRef } from '../../src/executions/execution.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, T0, type RunningRun } from '../run-world.ts';

test('[tick-idempotent] a tick that finds nothing new writes nothing', async () => {
  const world = await RunWorld.open();
  world.jobs.nameOf = ({ attempt }) => nameOf(attempt);
  await world.running();
  await world.started();
  const writes = world.records.writes.length;
  expect(await world.tick()).toEqual({
    looked: 2,
    failed: 0,
    left: 0,
    published: 0,
    expired: 0,
    overdue: [],
    admitted: 0,
    unfinished: { WAITING: 0, STARTING: 1, RUNNING: 1, TERMINATING: 0 },
  });
  await world.tick();
  expect(world.records.writes).toHaveLength(writes);
});

test('only unfinished runs are looked at', async () => {
  const world = await RunWorld.open();
  const done = await world.running();
  await done.finish();
  world.jobs.ended(1, T0);
  await done.look();
  const open = await world.started();
  world.jobs.looked.length = 0;
  expect((await world.tick()).looked).toBe(1);
  expect(world.jobs.looked.map(({ execution_id }) => execution_id)).toEqual([open.id]);
});

test('one run that cannot be looked at does not stop the others', async () => {
  const world = await RunWorld.open();
  const runs = [await world.running(), await world.running(), await world.running()];
  for (const run of runs) await run.finish();
  world.jobs.ended(1, T0);
  const second = runs[1]!.id;
  world.jobs.beforeLook = ({ execution_id }) => {
    if (execution_id === second) throw new Error('503');
  };
  expect(await world.tick()).toMatchObject({ looked: 2, failed: 1 });
  expect(world.noticed).toEqual([{ error: new Error('503'), about: second }]);
  const statuses = await Promise.all(runs.map(async (run) => (await run.execution()).status));
  expect(statuses).toEqual(['SUCCEEDED', 'RUNNING', 'SUCCEEDED']);
});

test('runs that are being stopped come first, then those whose end is seen, then the others', async () => {
  const world = await RunWorld.open();
  const plain = await world.running();
  world.clock.advance(1);
  const ended = await world.running();
  world.clock.advance(1);
  const stopping = await world.running();
  world.jobs.ended(1, T0);
  await ended.look();
  world.jobs.lives(1);
  await stopping.stop();
  const read: string[] = [];
  world.records.beforeGet = ({ id }) => void read.push(id);
  await world.tick();
  expect(read.slice(0, 3)).toEqual([stopping.id, ended.id, plain.id]);
});

test('a tick whose time is up leaves the rest to the next', async () => {
  const world = await RunWorld.open();
  for (let count = 0; count < 20; count += 1) await world.started();
  world.jobs.beforeLook = () => world.clock.advance(50_000);
  const { looked, left } = await world.tick();
  expect(looked).toBeGreaterThan(0);
  expect(looked + left).toBe(20);
  expect(left).toBeGreaterThan(0);
});

test('more runs than fit one page are all looked at', async () => {
  const world = await RunWorld.open();
  const { execution_id: _, ...template } = await (await world.started()).execution();
  for (let count = 0; count < 520; count += 1) {
    const execution_id = String(count).padStart(32, '0');
    await world.records.create(executionRef(execution_id), { ...template, execution_id });
  }
  expect((await world.tick()).looked).toBe(521);
});

test('a start that was lost is made again, and the runner of the new attempt gets the command', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  world.jobs.shows(1, { state: 'absent', never: true });
  await world.tick();
  const order = world.jobs.started[1]!;
  expect(order).toMatchObject({ execution_id: run.id, attempt: 2 });
  expect(await run.bootstrap({ attempt: 2, token: order.token })).toMatchObject({ command: 'echo hi' });
});

test('[tick-idempotent] two ticks at once start a lost run once', async () => {
  const world = await RunWorld.open();
  await world.started();
  world.jobs.shows(1, { state: 'absent', never: true });
  await Promise.all([world.tick(), world.tick()]);
  expect(world.jobs.started.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('what has expired is removed', async () => {
  const world = await RunWorld.open();
  await world.submit({}, { idempotencyKey: 'once' });
  world.clock.advance(2 * 86_400_000);
  world.jobs.shows(1, new Error('not asked'));
  expect((await world.tick()).expired).toBeGreaterThanOrEqual(1);
});

describe('the outbox', () => {
  async function ended(world: RunWorld): Promise<RunningRun> {
    const run = await world.running();
    await run.finish({ exit_code: 3 });
    world.jobs.ended(1, T0 + 5_000);
    await run.look();
    return run;
  }

  test('is published by the tick, once', async () => {
    const world = await RunWorld.open();
    const run = await ended(world);
    expect((await world.tick()).published).toBe(1);
    expect((await world.tick()).published).toBe(0);
    expect(world.published).toEqual([
      {
        specversion: '1.0',
        id: `finished-${run.id}`,
        source: '/runvoy/core',
        type: 'dev.runvoy.execution.finished.v1',
        subject: run.id,
        time: '2025-06-01T00:00:05.000Z',
        datacontenttype: 'application/json',
        data: { execution_id: run.id, status: 'FAILED', exit_code: 3, ended_at_ms: T0 + 5_000 },
      },
    ]);
  });

  test('that a bus refuses does not stop the tick, and is published by the next', async () => {
    const world = await RunWorld.open();
    await ended(world);
    world.beforePublish = () => {
      throw new Error('bus down');
    };
    expect(await world.tick()).toMatchObject({ published: 0, failed: 0 });
    expect(world.noticed).toMatchObject([{ about: 'outbox' }]);
    world.beforePublish = () => undefined;
    expect((await world.tick()).published).toBe(1);
  });
});

test('a stopped run whose cancel was lost is cancelled by the tick', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.cancelFails = new Error('lost');
  await run.stop();
  world.jobs.cancelFails = undefined;
  await world.tick();
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 10_000 }]);
});
