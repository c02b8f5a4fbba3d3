import { describe, expect, test } from '@jest/globals';
import { CountingRecords } from '../../contracts/counting-records.ts';
import { newClaim } from '../../src/access/claim.ts';
import { executionRef } from '../../src/executions/execution.ts';
import { overdueAt } from '../../src/executions/overdue.ts';
import { runInputRef } from '../../src/executions/run-input.ts';
import { SILENCE_MS } from '../../src/executions/silence.ts';
import { newTickMarks } from '../../src/health/schedule-marks.ts';
import { readSweepProgress, storeSweepProgress } from '../../src/health/sweep-progress.ts';
import { SETTLE_MS } from '../../src/logs/assess-log.ts';
import { nameOf } from '../fake-job-runner.ts';
import { HealthWorld, PLATFORMS, toldBy } from './health-world.ts';

const UNAVAILABLE = new Error('14 UNAVAILABLE: try again');
const START_MS = 600_000;
const EMPTY = { entries: [], final: false };

describe.each(PLATFORMS)('on the platform of %s, the minute tick', (kind) => {
  test('finds the end of a run whose event was lost', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.running();
    await run.finish({ exit_code: 3 });
    world.jobs.ended(1, world.clock.now());
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });

  test('lets an event that comes a day late, or twice, change nothing', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.running();
    await run.finish();
    world.jobs.ended(1, world.clock.now());
    await world.tick();
    const settled = await run.execution();
    world.clock.advance(86_400_000);
    world.jobs.ended(1, world.clock.now(), { kind: 'cancelled', reason: 'out_of_memory' });
    await run.look();
    await run.look();
    expect(await run.execution()).toEqual(settled);
  });

  test('finds what a start with an unknown outcome has started, and lets it live', async () => {
    const { run: world } = await HealthWorld.open(kind);
    world.jobs.answersStart = () => Promise.reject(UNAVAILABLE);
    const run = await world.started();
    world.jobs.lives(1);
    world.clock.advance(world.startTimeoutMs - 1);
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'STARTING' });
    expect(world.jobs.cancelled).toEqual([]);
  });

  test('settles what was started and whose name was never recorded', async () => {
    const { run: world } = await HealthWorld.open(kind);
    world.jobs.answersStart = () => Promise.reject(UNAVAILABLE);
    const run = await world.started();
    world.jobs.ended(1, world.clock.now(), { kind: 'never_started', reason: 'image_pull' });
    world.jobs.keeps(1, { entries: [], final: true });
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'image_pull' });
  });

  test('starts again what was provably never started, and gives up after the third', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.started();
    for (const attempt of [1, 2, 3]) {
      world.jobs.shows(attempt, { state: 'absent', never: true });
      await world.tick();
    }
    const { facts, status } = await run.execution();
    expect(facts.attempts.map(({ attempt, rejected }) => [attempt, rejected?.reason])).toEqual([
      [1, 'never_started'],
      [2, 'never_started'],
      [3, 'never_started'],
    ]);
    expect(world.jobs.started.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(status).toBe('FAILED');
  });

  test('gives a start up that may still come only when its time is over', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.started();
    world.clock.advance(world.startTimeoutMs - 1);
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'STARTING' });
    world.clock.advance(1);
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'start_timeout' });
  });

  test('cancels a command whose runner is dead', async () => {
    const { run: world } = await HealthWorld.open(kind);
    await world.running();
    world.jobs.lives(1, { unwatched: true });
    await world.tick();
    expect(world.jobs.cancelled.map(({ attempt }) => attempt)).toEqual([1]);
  });

  test('cancels a runner that nobody has heard for so long', async () => {
    const { run: world } = await HealthWorld.open(kind);
    await world.running();
    world.clock.advance(SILENCE_MS - 1);
    await world.tick();
    expect(world.jobs.cancelled).toEqual([]);
    world.clock.advance(1);
    await world.tick();
    expect(world.jobs.cancelled.map(({ attempt }) => attempt)).toEqual([1]);
  });

  test('waits for the report of an ended run until the window is over, reading the lane each time', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.running();
    world.jobs.ended(1, world.clock.now());
    world.jobs.keeps(1, EMPTY);
    world.clock.advance(SETTLE_MS - 1);
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'RUNNING' });
    world.clock.advance(1);
    await world.tick();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'lost' });
    expect(world.jobs.lanesRead.length).toBeGreaterThanOrEqual(2);
  });

  test('publishes what is left in the outbox after the bus was down', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const run = await world.running();
    world.jobs.ended(1, world.clock.now());
    world.jobs.keeps(1, { entries: [], final: true });
    world.beforePublish = () => {
      throw UNAVAILABLE;
    };
    await world.tick();
    expect(world.published).toEqual([]);
    world.beforePublish = () => undefined;
    await world.tick();
    await world.tick();
    expect(world.published.map(({ id }) => id)).toEqual([`finished-${run.id}`]);
  });

  test('removes claims and Idempotency-Keys that have expired, and the sealed input with the end of its run', async () => {
    const { run: world } = await HealthWorld.open(kind);
    const { ref, claim } = newClaim(world.random, { user_email: 'a@b.c', key_name: 'k', nowMs: world.clock.now() });
    await world.records.create(ref, claim);
    const { execution } = await world.submit({ env: { A: 'b' } }, { idempotencyKey: 'once' });
    const input = runInputRef(execution.execution_id);
    expect(await world.records.get(input)).toBeDefined();
    world.clock.advance(2 * 86_400_000);
    const { expired } = await world.tick();
    expect(expired).toBe(2);
    expect(await world.records.get(ref)).toBeUndefined();
    expect(await world.records.get(input)).toBeUndefined();
  });
});

describe.each(PLATFORMS)('on the platform of %s, the reconcile', (kind) => {
  test('cancels what lives although its run is over', async () => {
    const world = await HealthWorld.open(kind);
    const run = await world.run.running();
    await run.finish();
    world.run.jobs.ended(1, world.run.clock.now());
    await world.run.tick();
    world.run.jobs.lives(1);
    world.lists(run.id, false);
    const { sweep_status } = await world.reconcile('schedule');
    expect(sweep_status).toEqual({ listed: 1, looked: 0 + 1, failed: 0, complete: true });
    expect(await run.execution()).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('settles what has ended although its run goes on', async () => {
    const world = await HealthWorld.open(kind);
    const run = await world.run.running();
    await run.finish({ exit_code: 7 });
    world.run.jobs.ended(1, world.run.clock.now());
    world.lists(run.id, true);
    await world.reconcile('schedule');
    expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 7 });
  });

  test('tells what no record knows, and leaves it alone', async () => {
    const world = await HealthWorld.open(kind);
    world.lists('f'.repeat(32), false);
    const report = await world.reconcile('schedule');
    expect(report.runs_status.unrecorded).toEqual([nameOf(1)]);
    expect(toldBy(report)).toContain(`warning execution ${nameOf(1)}`);
    expect(world.run.jobs.cancelled).toEqual([]);
  });

  test('reads no record of what has ended and is over, however much of it the platform remembers', async () => {
    const world = await HealthWorld.open(kind);
    const sweepOf = async (finished: number) => {
      world.listed = [];
      for (let nth = 0; nth < finished; nth += 1) world.lists(String(nth).padStart(32, '0'), true);
      const counting = new CountingRecords(world.run.records);
      const { sweep_status } = await world.reconcile('request', { records: counting });
      expect(sweep_status).toMatchObject({ listed: finished, looked: 0, complete: true });
      return counting.take();
    };
    const ten = await sweepOf(10);
    expect(ten.reads).toBeGreaterThan(0);
    expect(await sweepOf(2_000)).toEqual(ten);
  });

  test('keeps its place in a long list and goes on there', async () => {
    const world = await HealthWorld.open(kind);
    world.pageSize = 1;
    for (let nth = 0; nth < 3; nth += 1) world.lists(String(nth).padStart(32, '0'), true);
    const list = world.run.jobs.list.bind(world.run.jobs);
    // Every page takes ten seconds.
    world.run.jobs.list = async (page: { readonly after?: string; readonly limit: number }) => {
      world.run.clock.advance(10_000);
      return list(page);
    };
    const first = await world.reconcile('schedule');
    expect(first.sweep_status).toEqual({ listed: 2, looked: 0, failed: 0, complete: false });
    const second = await world.reconcile('schedule');
    expect(second.sweep_status).toEqual({ listed: 1, looked: 0, failed: 0, complete: true });
    expect(world.askedAfter).toEqual([undefined, '1', '2']);
    expect((await readSweepProgress(world.run.records)).after).toBeUndefined();
  });

  test('begins anew when the platform knows its place no longer', async () => {
    const world = await HealthWorld.open(kind);
    world.lists('0'.repeat(32), true);
    await storeSweepProgress(world.run.records, { after: 'expired' });
    expect((await world.reconcile('schedule')).sweep_status).toMatchObject({ listed: 1, complete: true });
    expect(world.askedAfter).toEqual(['expired', undefined]);
  });

  test('concludes nothing and keeps its place when the platform answers 503, and says what it could not check', async () => {
    const world = await HealthWorld.open(kind);
    await newTickMarks(world.run).ticked();
    const run = await world.run.running();
    const before = await run.execution();
    await storeSweepProgress(world.run.records, { after: '1' });
    world.listFails = UNAVAILABLE;
    world.run.jobs.shows(1, UNAVAILABLE);
    const report = await world.reconcile('schedule');
    expect(toldBy(report)).toEqual(['error health_check sweep']);
    expect(report.unchecked).toContainEqual({ what: 'sweep', why: UNAVAILABLE.message });
    expect(report.sweep_status.complete).toBe(false);
    await world.run.tick();
    expect(await run.execution()).toEqual(before);
    expect(await readSweepProgress(world.run.records)).toEqual({ after: '1' });
  });

  test('names the run that could not be looked at, and looks at the others', async () => {
    const world = await HealthWorld.open(kind);
    await newTickMarks(world.run).ticked();
    const run = await world.run.running();
    await run.finish();
    world.lists(run.id, true);
    world.run.jobs.shows(1, UNAVAILABLE);
    const report = await world.reconcile('schedule');
    expect(report.sweep_status).toEqual({ listed: 1, looked: 0, failed: 1, complete: true });
    expect(toldBy(report)).toEqual([`warning execution ${run.id}`]);
    expect(await run.execution()).toMatchObject({ status: 'RUNNING' });
  });

  test('tells a run that is unfinished past its bound, and none before', async () => {
    const world = await HealthWorld.open(kind);
    const run = await world.run.running();
    const due = overdueAt(await run.execution(), START_MS)!;
    world.run.clock.advance(due - world.run.clock.now());
    expect((await world.reconcile()).runs_status.stuck).toEqual([]);
    world.run.clock.advance(1);
    const report = await world.reconcile();
    expect(report.runs_status).toMatchObject({ unfinished: 1, stuck: [run.id] });
    expect(toldBy(report)).toContain(`error execution ${run.id}`);
  });

  test('does, twice at once and beside a tick, what one does', async () => {
    const world = await HealthWorld.open(kind);
    const run = await world.run.running();
    await run.finish({ exit_code: 7 });
    world.run.jobs.ended(1, world.run.clock.now());
    world.lists(run.id, true);
    await Promise.all([world.reconcile('schedule'), world.reconcile('schedule'), world.run.tick()]);
    expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 7 });
    await world.run.tick();
    expect(world.run.published.length).toBeLessThanOrEqual(1);
    const settled = await run.execution();
    await world.reconcile('schedule');
    expect(await world.run.records.get(executionRef(run.id))).toMatchObject({ value: settled });
  });
});

describe('the time by which a run is over', () => {
  test('is counted from its stop or its report as soon as there is one', async () => {
    const { run: world } = await HealthWorld.open();
    const run = await world.running({ timeout: 600 });
    const running = overdueAt(await run.execution(), START_MS)!;
    expect(running - world.clock.now()).toBe(600_000 + 10_000 + 300_000);
    world.clock.advance(60_000);
    await run.stop();
    const stopped = overdueAt(await run.execution(), START_MS)!;
    expect(stopped).toBeLessThan(running);
    expect(stopped - world.clock.now()).toBe(10_000 + world.policy.stopTimeoutMs);
  });

  test('is none for a run that has ended', async () => {
    const { run: world } = await HealthWorld.open();
    const run = await world.running();
    await run.finish();
    world.jobs.ended(1, world.clock.now());
    await world.tick();
    expect(overdueAt(await run.execution(), START_MS)).toBeUndefined();
  });
});
