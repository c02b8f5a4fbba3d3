import { expect, test } from '@jest/globals';
import { deadlineOf, recordHeartbeat, stopOrderFor } from '../../src/executions/record-heartbeat.ts';
import { RunWorld, T0 } from '../run-world.ts';

test('a run that beats every ten seconds is written at most once a minute, and read once a beat', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const [writes, reads] = [world.records.writes.length, world.records.reads];
  for (let beat = 1; beat <= 30; beat += 1) {
    world.clock.advance(10_000);
    await recordHeartbeat(world, run.id, run.heartbeat());
  }
  expect(world.records.writes.length - writes).toBe(5);
  expect(world.records.reads - reads).toBe(30);
  expect((await run.execution()).seen_at_ms).toBe(T0 + 300_000);
});

test('[tick-idempotent] a heartbeat that comes twice at once is one sign of life', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.clock.advance(60_000);
  const writes = world.records.writes.length;
  const beat = () => recordHeartbeat(world, run.id, run.heartbeat());
  await Promise.all([beat(), beat()]);
  expect(world.records.writes).toHaveLength(writes + 1);
});

test('how far a stop has come is stored once', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.stop();
  const progress = run.heartbeat({ stop_progress: { signalled_ms: T0 + 5 } });
  const writes = world.records.writes.length;
  await recordHeartbeat(world, run.id, progress);
  const told = await recordHeartbeat(world, run.id, progress);
  expect(told.facts.stop?.signalled_at_ms).toBe(T0 + 5);
  expect(world.records.writes).toHaveLength(writes + 1);
});

test('a heartbeat after the end changes nothing, and orders no stop', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.stop();
  await run.finish({ cause: 'stop', signal: 'SIGTERM' });
  world.jobs.ended(1, T0);
  await run.look();
  const writes = world.records.writes.length;
  world.clock.advance(600_000);
  const execution = await recordHeartbeat(world, run.id, run.heartbeat({ stop_progress: { killed_ms: T0 } }));
  expect(execution.status).toBe('STOPPED');
  expect(stopOrderFor(execution)).toBeUndefined();
  expect(world.records.writes).toHaveLength(writes);
});

test('a run that nobody stops gets no order', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  expect(stopOrderFor(await recordHeartbeat(world, run.id, run.heartbeat()))).toBeUndefined();
});

test('the deadline counts from the bootstrap', async () => {
  const world = await RunWorld.open();
  const run = await world.started({ timeout: 60 });
  expect(deadlineOf(await run.execution())).toBe(T0 + 60_000);
  world.clock.advance(7_000);
  await run.bootstrap();
  expect(deadlineOf(await run.execution())).toBe(T0 + 67_000);
});

test('a heartbeat of an unknown execution is refused', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await expect(recordHeartbeat(world, 'f'.repeat(32), run.heartbeat())).rejects.toMatchObject({
    code: 'EXECUTION_NOT_FOUND',
  });
});
