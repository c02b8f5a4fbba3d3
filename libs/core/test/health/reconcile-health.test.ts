import { describe, expect, test } from '@jest/globals';
import { userRef } from '../../src/access/user.ts';
import { recordDeath } from '../../src/events/dead-letters.ts';
import { addToOutbox, newEvent } from '../../src/events/outbox.ts';
import { executionRef } from '../../src/executions/execution.ts';
import { Failure } from '../../src/failure.ts';
import { healthIssue } from '../../src/health/health-checks.ts';
import { newTickMarks } from '../../src/health/schedule-marks.ts';
import { lastHealthReport } from '../../src/health/stored-report.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { imageRef } from '../../src/images/image.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { createSecret } from '../../src/secrets/secrets.ts';
import { callerOf } from '../run-world.ts';
import { content, HealthWorld, toldBy } from './health-world.ts';

const DOWN = new Failure('STORE_UNAVAILABLE', '', { cause: new Error('14 UNAVAILABLE: try again') });
const MINUTE = 60_000;

/** A world in which the ticks come. */
async function ticking(): Promise<HealthWorld> {
  const world = await HealthWorld.open();
  await newTickMarks(world.run).ticked();
  return world;
}

test('a deployment in which all is well has a report without an issue, and every list in it is there', async () => {
  const world = await ticking();
  const report = await world.reconcile();
  expect(report.issues).toEqual([]);
  expect(report).toMatchObject({
    compute_status: { orphaned_resources: [] },
    secrets_status: { orphaned_parameters: [] },
    identity_status: { missing_roles: [] },
    authorizer_status: {
      users_with_invalid_roles: [],
      users_with_missing_roles: [],
      resources_with_missing_owners: [],
      orphaned_ownerships: [],
      missing_ownerships: [],
      total_users_checked: 1,
      total_resources_checked: 1,
    },
    reconciled_count: 0,
    error_count: 0,
    sweep_status: { listed: 0, looked: 0, failed: 0, complete: true },
    runs_status: { unfinished: 0, stuck: [], unrecorded: [] },
  });
});

test('a scheduled report is stored and read as it was made; one that was asked for takes its place never', async () => {
  const world = await ticking();
  expect(await lastHealthReport(world.run.records)).toBeUndefined();
  const scheduled = await world.reconcile('schedule');
  world.run.clock.advance(MINUTE);
  await world.reconcile('request');
  expect(await lastHealthReport(world.run.records)).toEqual(scheduled);
});

describe('a part that cannot be made', () => {
  const broken = { ...content, compute: () => Promise.reject(DOWN), identity: () => Promise.reject(new Error('503')) };

  test('is an error and is named as not checked, and the other parts are made', async () => {
    const world = await ticking();
    await world.run.records.create(userRef('x@example.com'), { ...callerOf('viewer').user, email: 'x@example.com' });
    const report = await world.reconcile('request', { probe: broken });
    expect(toldBy(report)).toEqual(['error health_check compute', 'error health_check identity']);
    expect(report.unchecked).toContainEqual({ what: 'compute', why: expect.stringContaining('14 UNAVAILABLE') });
    expect(report.unchecked).toContainEqual({ what: 'identity', why: '503' });
    expect(report.authorizer_status.total_users_checked).toBe(2);
    expect(report.identity_status.default_roles_verified).toBe(false);
    expect(world.noticed.toSorted()).toEqual(['compute', 'identity']);
  });

  test('because the store does not answer a query, leaves those that need it unmade and the call whole', async () => {
    const world = await ticking();
    const page = world.run.records.page.bind(world.run.records);
    world.run.records.page = (query, ...rest) =>
      query.name === 'usersByEmail' ? Promise.reject(DOWN) : page(query, ...rest);
    expect(toldBy(await world.reconcile())).toEqual(['error health_check access']);
  });

  test('because nothing answers at all, is told within its time', async () => {
    const world = await ticking();
    const waiting = world.reconcile('request', { probe: { ...content, compute: () => new Promise(() => undefined) } });
    // Every part but that one is over by then.
    await new Promise((resolve) => setImmediate(resolve));
    world.run.clock.advance(25_000);
    expect((await waiting).unchecked).toContainEqual({ what: 'compute', why: 'No answer within 25 s.' });
  });

  test('is not checked, and no error, where a service sees no platform', async () => {
    const world = await ticking();
    const { records, archive, clock, random, signingKeys, upSinceMs, jobs, startTimeoutMs } = world.run;
    const { reconcileHealth } = await import('../../src/health/reconcile-health.ts');
    const report = await reconcileHealth(
      { records, archive, clock, random, signingKeys, upSinceMs, jobs, startTimeoutMs },
      'request',
      () => 0,
    );
    expect(report.error_count).toBe(0);
    expect(report.unchecked.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['compute', 'secrets', 'identity']),
    );
  });
});

test('what the probe repaired is counted', async () => {
  const world = await ticking();
  const report = await world.reconcile('request', {
    probe: {
      ...content,
      compute: async () => ({
        status: {
          total_resources: 4,
          verified_count: 1,
          recreated_count: 2,
          tag_updated_count: 1,
          orphaned_count: 0,
          orphaned_resources: [],
        },
        issues: [healthIssue('job_differs', 'rv-a')],
        unchecked: [],
      }),
      keys: async () => ({ status: { missing: [], tag_updated_count: 1 }, issues: [], unchecked: [] }),
    },
  });
  expect(report).toMatchObject({ reconciled_count: 4, error_count: 0, secrets_status: { tag_updated_count: 1 } });
});

describe('access', () => {
  test('names users without a role that exists, and things that nobody or a stranger owns', async () => {
    const world = await ticking();
    const { records } = world.run;
    const user = callerOf('viewer').user;
    await records.create(userRef('odd@example.com'), { ...user, email: 'odd@example.com', role: 'boss' as never });
    await records.create(userRef('none@example.com'), { ...user, email: 'none@example.com', role: '' as never });
    const run = await world.run.started();
    const execution = await run.execution();
    await records.transact(async (tx) =>
      tx.set(executionRef(run.id), { ...execution, owned_by: ['gone@example.com'] }),
    );
    const { image_id } = await registerImage(world.run, { image: 'loose' }, { email: 'a@b.c', requestId: 'r' });
    const stored = (await records.get(imageRef(image_id)))!.value;
    await records.transact(async (tx) => tx.set(imageRef(image_id), { ...stored, owned_by: [] }));
    const report = await world.reconcile();
    expect(report.authorizer_status).toEqual({
      users_with_invalid_roles: ['odd@example.com'],
      users_with_missing_roles: ['none@example.com'],
      resources_with_missing_owners: [`image:${image_id}`],
      orphaned_ownerships: [`execution:${run.id} -> gone@example.com`],
      missing_ownerships: [],
      total_users_checked: 3,
      total_resources_checked: 3,
    });
    expect(report.error_count).toBe(4);
  });

  test('reads the newest 500 runs and says that it leaves the others', async () => {
    const world = await ticking();
    const run = await world.run.started();
    const execution = await run.execution();
    for (let nth = 0; nth < 501; nth += 1) {
      const execution_id = String(nth).padStart(32, '0');
      const over = { ...execution, execution_id, unfinished: false, status: 'SUCCEEDED' as const };
      await world.run.records.create(executionRef(execution_id), { ...over, started_at_ms: nth });
    }
    const report = await world.reconcile();
    expect(report.authorizer_status.total_resources_checked).toBe(501);
    expect(report.unchecked.map(({ what }) => what)).toContain('owners of ended runs');
  });
});

test('a secret whose key is gone is missing, and the others are verified', async () => {
  const world = await ticking();
  const by = { caller: callerOf('admin'), requestId: 'r' };
  for (const name of ['one', 'two']) {
    await createSecret(world.run, { name, key_name: 'KEY', value: 'v' }, by);
  }
  const seals = (key: string) => Buffer.from(`v1.${key}.nonce.text`);
  for (const [name, key] of [
    ['one', 'k1'],
    ['two', 'k2'],
  ] as const) {
    const { secretRef } = await import('../../src/secrets/secret.ts');
    const stored = (await world.run.records.get(secretRef(name)))!.value;
    await world.run.records.transact(async (tx) => tx.set(secretRef(name), { ...stored, sealed: seals(key) }));
  }
  const asked: string[][] = [];
  const report = await world.reconcile('request', {
    probe: {
      ...content,
      keys: async (ids) => {
        asked.push([...ids]);
        return { status: { missing: ['k2'], tag_updated_count: 0 }, issues: [], unchecked: [] };
      },
    },
  });
  expect(asked).toEqual([['k1', 'k2']]);
  expect(report.secrets_status).toMatchObject({ total_secrets: 2, verified_count: 1, missing_count: 1 });
  expect(toldBy(report)).toEqual(['error secret two']);
});

describe('schedules', () => {
  test('a tick that never came is an error; one of three minutes ago is none, an older one is', async () => {
    const world = await HealthWorld.open();
    const first = await world.reconcile();
    expect(toldBy(first)).toEqual(['error schedule tick']);
    expect(first.ticks_status).toMatchObject({ last_tick_at: null, tick_age_seconds: null });
    await newTickMarks(world.run).ticked();
    world.run.clock.advance(3 * MINUTE);
    expect(await world.reconcile()).toMatchObject({ issues: [], ticks_status: { tick_age_seconds: 180 } });
    world.run.clock.advance(1);
    expect(toldBy(await world.reconcile())).toEqual(['error schedule tick']);
  });

  test('a mark is written once a minute, however often the ticks come, and again when the clock was set back', async () => {
    const world = await HealthWorld.open();
    let [nowMs, writes] = [1_000_000, 0];
    const clock = { now: () => nowMs, sleep: async () => undefined };
    const records = Object.create(world.run.records) as typeof world.run.records;
    records.transact = (change) => ((writes += 1), world.run.records.transact(change));
    const marks = newTickMarks({ records, clock });
    for (let ten = 0; ten < 6; ten += 1, nowMs += 10_000) await marks.ticked();
    expect(writes).toBe(2);
    nowMs -= 3_600_000;
    await marks.ticked();
    expect(writes).toBe(3);
  });

  test('a scheduled reconcile that did not come in its time is told, by the next one as by whoever asks', async () => {
    const world = await ticking();
    const hourly = { reconcileEveryMs: 60 * MINUTE };
    await world.reconcile('schedule', hourly);
    world.run.clock.advance(71 * MINUTE);
    await newTickMarks(world.run).ticked();
    expect(toldBy(await world.reconcile('request', hourly))).toEqual(['warning schedule sweep']);
    const next = await world.reconcile('schedule', hourly);
    expect(toldBy(next)).toEqual(['warning schedule sweep']);
    expect(next.ticks_status.sweep_age_seconds).toBe(71 * 60);
    expect(toldBy(await world.reconcile('request', hourly))).toEqual([]);
  });

  test('a schedule whose pauses are not known is not checked', async () => {
    const world = await ticking();
    const { unchecked } = await world.reconcile();
    expect(unchecked.map(({ what }) => what)).toContain('whether the scheduled reconcile is late');
  });
});

test('an event that waits for more than five minutes is told, with how many wait', async () => {
  const world = await ticking();
  const { records, clock } = world.run;
  const about = { id: 'e1', subject: 'tick', at_ms: clock.now() };
  await records.transact(async (tx) => addToOutbox(tx, newEvent('dev.runvoy.tick.v1', {}, about), clock.now()));
  clock.advance(5 * MINUTE + 1);
  await newTickMarks(world.run).ticked();
  const report = await world.reconcile();
  expect(report.topics_status).toEqual({ waiting_events: 1, oldest_waiting_seconds: 300 });
  expect(toldBy(report)).toEqual(['error topic outbox']);
});

test('dead letters are counted, and told when there are some', async () => {
  const world = await ticking();
  expect((await world.reconcile()).dead_letters_status).toEqual({ count: 0 });
  for (const id of ['a', 'b', 'b']) {
    const event = newEvent('dev.runvoy.tick.v1', {}, { id, subject: 'tick', at_ms: world.run.clock.now() });
    await recordDeath(world.run, { event, reason: 'nobody knows it', attempts: 1, route: '/events' });
  }
  const report = await world.reconcile();
  expect(report.dead_letters_status).toEqual({ count: 2 });
  expect(toldBy(report)).toEqual(['warning dead_letter dead-letters']);
});

describe('log lanes', () => {
  test('the fast one is as slow as the slowest newest batch of a running run', async () => {
    const world = await ticking();
    const run = await world.run.running();
    await appendBatch(world.run, run.id, run.logs(1, 'early'));
    const late = run.logs(2, 'late');
    world.run.clock.advance(61_000);
    await appendBatch(world.run, run.id, late);
    const report = await world.reconcile();
    expect(report.log_lanes_status.fast.runs_measured).toBe(1);
    expect(report.log_lanes_status.fast.lag_ms).toBeGreaterThan(60_000);
    expect(toldBy(report)).toEqual(['warning log_lane fast']);
  });

  test('the safety one is what a process that ticks has seen last', async () => {
    const world = await HealthWorld.open();
    const marks = newTickMarks(world.run);
    const printed = world.run.clock.now();
    world.run.clock.advance(2_500);
    marks.measured(printed);
    await marks.ticked();
    const { log_lanes_status, issues } = await world.reconcile();
    expect(log_lanes_status.safety).toEqual({ measured_at: expect.any(String), lag_ms: 2_500 });
    expect(log_lanes_status.fast).toEqual({ runs_measured: 0, lag_ms: null });
    expect(issues).toEqual([]);
  });
});
