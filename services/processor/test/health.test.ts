import { expect, test } from '@jest/globals';
import { Failure, lastHealthReport, tickMarkRef } from '@runvoy/core';
import { ID, openEventWorld, PLATFORM_NAME, printedLogs, T0 } from './event-world.ts';

const event = (type: string) => ({ specversion: '1.0', id: type, source: '/test', type, data: {} });
const TICK = event('dev.runvoy.tick.v1');
const SWEEP = event('dev.runvoy.sweep.v1');
const STRUCTURED = { 'content-type': 'application/cloudevents+json' };

test('the scheduled event makes a report and stores it', async () => {
  await using world = await openEventWorld();
  expect((await world.inject('/events/tick', SWEEP, STRUCTURED)).statusCode).toBe(204);
  expect(await lastHealthReport(world.records)).toMatchObject({
    trigger: 'schedule',
    timestamp: new Date(T0).toISOString(),
    runs_status: { unfinished: 1, stuck: [] },
  });
});

test('a report that cannot be stored is asked for again', async () => {
  await using world = await openEventWorld();
  world.records.transact = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
  expect((await world.inject('/events/tick', SWEEP, STRUCTURED)).statusCode).toBe(503);
});

test('a platform that does not answer leaves a report that says so, and the run as it was', async () => {
  const noAnswer = () => Promise.reject(new Error('14 UNAVAILABLE'));
  await using world = await openEventWorld({
    probe: { compute: noAnswer, keys: noAnswer, identity: noAnswer },
  });
  const before = await world.execution();
  expect((await world.inject('/events/tick', SWEEP, STRUCTURED)).statusCode).toBe(204);
  const report = await lastHealthReport(world.records);
  expect(report!.unchecked.map(({ what }) => what)).toEqual(expect.arrayContaining(['compute', 'secrets', 'identity']));
  expect(report!.error_count).toBeGreaterThanOrEqual(3);
  expect(await world.execution()).toEqual(before);
});

test('a tick is marked once a minute, with what the safety lane last took', async () => {
  await using world = await openEventWorld();
  world.clock.advance(1_500);
  const entry = { kind: 'output', platform_execution: PLATFORM_NAME, printed: printedLogs(), at_ms: T0 } as const;
  expect((await world.push(entry)).statusCode).toBe(204);
  await world.inject('/events/tick', TICK, STRUCTURED);
  const mark = { at_ms: T0 + 1_500, safety_lane: { at_ms: T0 + 1_500, lag_ms: 1_500 } };
  expect((await world.records.get(tickMarkRef))?.value).toEqual(mark);
  world.clock.advance(10_000);
  await world.inject('/events/tick', TICK, STRUCTURED);
  expect((await world.records.get(tickMarkRef))?.value).toEqual(mark);
  world.clock.advance(50_000);
  await world.inject('/events/tick', TICK, STRUCTURED);
  expect((await world.records.get(tickMarkRef))?.value.at_ms).toBe(T0 + 61_500);
});

test('a tick whose mark cannot be stored is a tick all the same', async () => {
  await using world = await openEventWorld();
  world.platform.views = { 1: { state: 'alive', platform_execution: PLATFORM_NAME, unwatched: true } };
  world.records.transact = () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
  expect((await world.inject('/events/tick', TICK, STRUCTURED)).statusCode).toBe(204);
  expect(world.cancelled.map(({ execution_id }) => execution_id)).toEqual([ID]);
});
