import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { emulatorHost, whyNotEmulated } from '@runvoy/google-fakes';
import type { RunAnswer } from '@runvoy/protocol';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { openWorld, type World } from '../services/orchestrator/test/world.ts';
import { ROUTE_RULES } from '../tools/permissions/route-rules.ts';
import { cellsOf, roleTable, type RoleTable } from '../tools/test/role-table.ts';
import { PROMISED_MS, REVOKED, revokedViewers, SIGNING_KEYS } from './revoked-viewers.ts';
import { startWatchedServices, type Streams, type WatchedServices } from './watched-services.ts';

jest.setTimeout(120_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const title = `access over Firestore${why === undefined ? '' : ` — skipped: ${why}`}`;

/** A row of each thing that one can own, and of each kind of permission. All of them: RUNVOY_EVERY_ROUTE=1. */
const ROWS = [
  'POST /api/v1/run',
  'GET /api/v1/executions',
  'GET /api/v1/executions/:id',
  'DELETE /api/v1/executions/:id',
  'GET /api/v1/secrets/:name',
  'PUT /api/v1/playbooks/:name',
  'GET /api/v1/keys/:id',
  'POST /api/v1/images/register',
  'PUT /api/v1/users/:email/role',
  'GET /api/v1/audit',
];
const rows = Object.entries(ROUTE_RULES).filter(
  ([route]) => process.env['RUNVOY_EVERY_ROUTE'] === '1' || ROWS.includes(route),
);

const newProject = () => `test-${randomBytes(6).toString('hex')}`;
const openIn = (projectId: string) =>
  openFirestoreRecords({ projectId, host: emulatorHost('FIRESTORE_EMULATOR_HOST') });

(why === undefined ? describe : describe.skip)(title, () => {
  const projectId = newProject();
  let world: World;
  let table: RoleTable;
  let services: WatchedServices;
  beforeAll(async () => {
    world = await openWorld({}, undefined, { signingKeys: SIGNING_KEYS }, openIn(projectId));
    table = await roleTable(world);
    services = await startWatchedServices(projectId, SIGNING_KEYS);
    await takeRightsAway();
  });
  afterAll(async () => {
    await services?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  let since: number;
  let theirs: readonly Streams[];
  let ours: Streams;
  /** Before all other tests: the services look at their viewers every 30 s of the real clock, and the others pass that time. */
  async function takeRightsAway() {
    const { execution_id } = (await world.call('POST', '/api/v1/run', { command: 'x' })).json<RunAnswer>();
    const keys = [
      await world.keyOf('revoked@example.com', 'operator'),
      await world.keyOf('less@example.com', 'operator'),
    ];
    theirs = await Promise.all(keys.map((key) => services.watch(execution_id, key)));
    ours = await services.watch(execution_id, world.adminKey);
    since = performance.now();
    await world.call('POST', '/api/v1/users/revoke', { email: 'revoked@example.com' });
    await world.call('PUT', '/api/v1/users/less@example.com/role', { role: 'viewer' });
  }

  describe('on two instances', () => revokedViewers({ instances: 2, open: () => openIn(projectOfViewers) }));
  const projectOfViewers = newProject();

  test.each(rows)('%s does what its row of the table says for every role, owner or not', async (route, rule) => {
    for (const cell of cellsOf(rule)) await table.checkCell(route, cell);
  });

  test('two processes of the websocket service end the streams of who was revoked or may less, within 30 s, and of nobody else', async () => {
    for (const closed of await Promise.all(theirs.map((streams) => streams.closed))) {
      expect(closed.map(({ code }) => code)).toEqual([REVOKED, REVOKED]);
      for (const { atMs } of closed) expect(atMs - since).toBeLessThan(PROMISED_MS + 2_000);
    }
    expect(ours.open()).toBe(2);
  });
});
