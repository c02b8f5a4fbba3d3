import { describe, expect, test } from '@jest/globals';
import { executionRef } from '../../src/executions/execution.ts';
import { recordHeartbeat } from '../../src/executions/record-heartbeat.ts';
import { SILENCE_MS } from '../../src/executions/silence.ts';
import { SETTLE_MS } from '../../src/logs/assess-log.ts';
import { nameOf } from '../fake-job-runner.ts';
import { RunWorld, T0 } from '../run-world.ts';

const HOUR_MS = 3_600_000;
const alive = { state: 'alive', platform_execution: nameOf(1), unwatched: false } as const;

describe('a clock that jumps an hour ahead', () => {
  test('makes no runner silent that was heard a moment ago', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.shows(1, alive);
    world.clock.jump(HOUR_MS);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(SILENCE_MS);
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(1);
  });

  test('gives no start up that is on its way', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.jobs.shows(1, { state: 'absent', never: false });
    world.clock.jump(HOUR_MS);
    expect((await run.look()).execution.status).toBe('STARTING');
  });

  test('closes no settle window: the report that comes a second later decides', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [], final: false, as_of_ms: T0 + 1_000 });
    world.clock.jump(HOUR_MS);
    expect((await run.look()).execution.status).toBe('RUNNING');
    await run.finish({ exit_code: 3 });
    expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });

  test('ends no wait for a slot that has only begun', async () => {
    const world = await RunWorld.open();
    world.limit({ deployment: 1 });
    await world.started();
    const { execution } = await world.submit();
    const waiting = async () => (await world.records.get(executionRef(execution.execution_id)))!.value;
    expect((await waiting()).waiting).toBe(true);
    const waitMs = (await waiting()).queued!.until_ms - T0;
    world.clock.jump(waitMs);
    await world.tick();
    expect((await waiting()).status).toBe('STARTING');
    world.clock.advance(waitMs);
    await world.tick();
    expect(await waiting()).toMatchObject({ status: 'FAILED', reason: 'queue_timeout' });
  });

  test('makes no stranger of a runner that the platform does not show yet', async () => {
    const world = await RunWorld.open();
    world.jobs.identify = async () => undefined;
    const run = await world.started();
    world.clock.jump(HOUR_MS);
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'PLATFORM_UNAVAILABLE' });
    world.jobs.identify = async () => nameOf(1);
    expect(await run.bootstrap()).toMatchObject({ command: 'echo hi' });
  });
});

describe('a settle window', () => {
  test('is over by the clock of the platform, which gave the end its time', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.ended(1, T0);
    world.clock.jump(-HOUR_MS);
    world.jobs.keeps(1, { entries: [], final: false, as_of_ms: T0 + SETTLE_MS });
    expect((await run.look()).execution).toMatchObject({ status: 'FAILED', reason: 'lost' });
  });
});

describe('a clock that is set an hour back', () => {
  test('does not keep a lost cancel from being sent again', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.shows(1, alive);
    await run.stop();
    const sent = world.jobs.cancelled.length;
    world.clock.jump(-HOUR_MS);
    await run.look();
    expect(world.jobs.cancelled.length).toBe(sent + 1);
  });

  test('lets the signs of life of a runner be stored anew, and misses none that stays away', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.shows(1, alive);
    world.clock.jump(-HOUR_MS);
    const heard = await recordHeartbeat(world, run.id, { acked_through: 0 } as never);
    expect(heard.seen_at_ms).toBe(world.clock.now());
    world.clock.advance(SILENCE_MS - 1);
    await run.look();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(1);
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(1);
  });
});

test('an event that comes a day late finds the run ended and changes nothing', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.ended(1, T0);
  world.clock.advance(SETTLE_MS);
  await run.look();
  const ended = await run.execution();
  expect(ended.status).toBe('FAILED');
  world.clock.advance(24 * HOUR_MS);
  const writes = world.records.writes.length;
  await run.look();
  expect(world.records.writes).toHaveLength(writes);
  await run.finish({ exit_code: 0 });
  expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'lost', exit_code: 1 });
});

test('a platform that answers nobody for ten minutes brings no verdict, and the look after it does', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.shows(1, new Error('503'));
  for (let minute = 0; minute < 10; minute += 1) {
    world.clock.advance(60_000);
    await expect(run.look()).rejects.toThrow('503');
    expect((await run.execution()).status).toBe('RUNNING');
  }
  expect(world.jobs.cancelled).toEqual([]);
  await run.finish({ exit_code: 3 });
  world.jobs.ended(1, world.clock.now());
  expect((await run.look()).execution).toMatchObject({ status: 'FAILED', exit_code: 3 });
});
