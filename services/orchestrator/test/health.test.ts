import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reconcileHealth } from '@runvoy/core';
import type { HealthReportAnswer } from '@runvoy/protocol';
import { openWorld, T0, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** As the schedule does it elsewhere. */
const scheduled = () =>
  reconcileHealth(
    {
      records: world.records,
      archive: world.archive,
      clock: world.clock,
      random: () => Buffer.alloc(32),
      upSinceMs: T0,
      startTimeoutMs: 600_000,
      signingKeys: { current: { id: 'k', secret: Buffer.alloc(32) } },
      jobs: {
        isolations: ['process'],
        longestGraceMs: 0,
        start: async () => ({ outcome: 'started' }),
        look: async () => ({ state: 'absent', never: false }),
        cancel: async () => undefined,
        readSafetyLane: async () => ({ entries: (async function* () {})(), final: true }),
        list: async () => ({ executions: [] }),
        forget: async () => undefined,
      },
    },
    'schedule',
    () => undefined,
  );

describe('the last scheduled report', () => {
  test('is not there before the first, and is then read as it was stored', async () => {
    const before = await world.call('GET', '/api/v1/health/report');
    expect(before.statusCode).toBe(404);
    expect(before.json()).toMatchObject({ details: expect.stringContaining('POST /api/v1/health/reconcile') });
    const report = await scheduled();
    const after = await world.call('GET', '/api/v1/health/report');
    expect(after.statusCode).toBe(200);
    expect(after.json()).toEqual({ status: 'ok', report });
  });
});

describe('a reconcile that is asked for', () => {
  test('answers ok with its report in the request, errors in it or not, and stores nothing', async () => {
    const answer = await world.call('POST', '/api/v1/health/reconcile');
    expect(answer.statusCode).toBe(200);
    const { status, report } = answer.json<HealthReportAnswer>();
    expect(status).toBe('ok');
    // No tick has come here.
    expect(report).toMatchObject({ trigger: 'request', error_count: 1, timestamp: new Date(T0).toISOString() });
    expect((await world.call('GET', '/api/v1/health/report')).statusCode).toBe(404);
  });

  test('has every list of runvoy and of ours', async () => {
    const { report } = (await world.call('POST', '/api/v1/health/reconcile')).json<HealthReportAnswer>();
    const lists = [
      report.compute_status.orphaned_resources,
      report.secrets_status.orphaned_parameters,
      report.identity_status.missing_roles,
      report.authorizer_status.users_with_invalid_roles,
      report.authorizer_status.users_with_missing_roles,
      report.authorizer_status.resources_with_missing_owners,
      report.authorizer_status.orphaned_ownerships,
      report.authorizer_status.missing_ownerships,
      report.issues,
      report.runs_status.stuck,
      report.runs_status.unrecorded,
      report.unchecked,
    ];
    expect(lists.every((list) => Array.isArray(list))).toBe(true);
  });
});

test.each(['admin', 'operator', 'developer', 'viewer'] as const)(
  'who is %s may read and reconcile only as an operator',
  async (role) => {
    const key = await world.keyOf(`${role}2@example.com`, role);
    const allowed = role === 'admin' || role === 'operator';
    const asked = await world.call('POST', '/api/v1/health/reconcile', undefined, key);
    const read = await world.call('GET', '/api/v1/health/report', undefined, key);
    expect([asked.statusCode, read.statusCode]).toEqual(allowed ? [200, 404] : [403, 403]);
  },
);

test('nobody without a key reads a report; that the service lives, everybody may know', async () => {
  const url = '/api/v1/health';
  expect((await world.app.inject({ method: 'GET', url: `${url}/report` })).statusCode).toBe(401);
  expect((await world.app.inject({ method: 'POST', url: `${url}/reconcile` })).statusCode).toBe(401);
  expect((await world.app.inject({ method: 'GET', url })).json()).toMatchObject({ status: 'ok' });
});
