import { randomBytes } from 'node:crypto';
import {
  apiKeyRef,
  executionRef,
  newApiKey,
  playbookRef,
  recordDeath,
  reconcileHealth,
  secretRef,
} from '../../libs/core/src/index.ts';
import type { World } from '../../services/orchestrator/test/world.ts';

/** One request to a route; `url` below `/api/v1`, the page `/docs` below `/api`. */
export interface RouteCall {
  readonly url: string;
  readonly body?: unknown;
}

/** Makes what the call is about anew, as `owner`'s, so that nothing but the permission can stand in its way. */
type MakeCall = (world: World, owner: string) => Promise<RouteCall> | RouteCall;

let drawn = 0;
const fresh = (prefix: string): string => `${prefix}-${++drawn}`;

async function user(world: World): Promise<string> {
  const email = `${fresh('somebody')}@example.com`;
  await world.keyOf(email, 'viewer');
  return encodeURIComponent(email);
}

async function execution(world: World, owner: string): Promise<string> {
  const answer = await world.call('POST', '/api/v1/run', { command: 'true' });
  const ref = executionRef(answer.json().execution_id);
  const stored = await world.records.get(ref);
  await world.records.compareAndSet(ref, stored!.version, { ...stored!.value, created_by: owner, owned_by: [owner] });
  return ref.id;
}

async function secret(world: World, owner: string): Promise<string> {
  const name = fresh('secret');
  await world.call('POST', '/api/v1/secrets', { name, key_name: 'TOKEN', value: 'v' });
  const stored = await world.records.get(secretRef(name));
  await world.records.compareAndSet(secretRef(name), stored!.version, { ...stored!.value, owned_by: [owner] });
  return name;
}

async function playbook(world: World, owner: string): Promise<string> {
  const name = fresh('playbook');
  await world.call('POST', '/api/v1/playbooks', { name, commands: ['true'] });
  const stored = await world.records.get(playbookRef(name));
  await world.records.compareAndSet(playbookRef(name), stored!.version, { ...stored!.value, owned_by: [owner] });
  return name;
}

async function image(world: World): Promise<string> {
  const name = `${fresh('image')}:1`;
  await world.call('POST', '/api/v1/images/register', { image: name });
  return (await world.call('GET', `/api/v1/images/${name}`)).json().image_id;
}

async function key(world: World, owner: string): Promise<string> {
  const made = newApiKey(randomBytes, { user_email: owner, name: 'k', nowMs: world.clock.now() }).key;
  await world.records.create(apiKeyRef(made.key_id), made);
  return made.key_id;
}

async function deadLetter(world: World): Promise<string> {
  const event = { specversion: '1.0', id: fresh('event'), source: '/test', type: 'dev.runvoy.tick.v1', data: {} };
  const time = '2026-01-01T00:00:00Z';
  return (
    await recordDeath(world, { event: { ...event, time } as never, reason: 'a test', attempts: 1, route: '/events' })
  ).id;
}

function endedRun() {
  return {
    execution_id: randomBytes(16).toString('hex'),
    created_by: 'somebody@example.com',
    owned_by: ['somebody@example.com'],
    command: 'true',
    image_id: 'alpine:3-00000000',
    started_at: '2026-01-01T00:00:00Z',
    completed_at: '2026-01-01T00:00:01Z',
    status: 'SUCCEEDED',
    exit_code: 0,
    created_by_request_id: '',
    modified_by_request_id: '',
    cloud: 'AWS',
  };
}

async function claim(world: World): Promise<string> {
  const request = { email: `${fresh('new')}@example.com`, role: 'viewer' };
  const answer = await world.call('POST', '/api/v1/users/create', request);
  return answer.json().claim_token;
}

async function report(world: World): Promise<void> {
  await reconcileHealth({ ...world.healthDeps, records: world.records, clock: world.clock }, 'schedule', () => 0);
}

const at =
  (make: (world: World, owner: string) => Promise<string>, path: (id: string) => string, body?: unknown): MakeCall =>
  async (world, owner) => ({ url: path(await make(world, owner)), ...(body === undefined ? {} : { body }) });
const plain = (url: string, body?: () => unknown): MakeCall => {
  return () => ({ url, ...(body === undefined ? {} : { body: body() }) });
};

/** How every route is called. */
export const ROUTE_CALLS: Readonly<Record<string, MakeCall>> = {
  'GET /api/v1/health': plain('/health'),
  'GET /api/v1/openapi.json': plain('/openapi.json'),
  'GET /api/docs': plain('/docs'),
  'GET /api/v1/claim/:token': at(claim, (token) => `/claim/${token}`),
  'POST /api/v1/claim/:token': at(claim, (token) => `/claim/${token}`),
  'POST /api/v1/run': plain('/run', () => ({ command: 'true' })),
  'GET /api/v1/playbooks': plain('/playbooks'),
  'POST /api/v1/playbooks': plain('/playbooks', () => ({ name: fresh('playbook'), commands: ['true'] })),
  'GET /api/v1/playbooks/:name': at(playbook, (name) => `/playbooks/${name}`),
  'PUT /api/v1/playbooks/:name': at(playbook, (name) => `/playbooks/${name}`, { commands: ['false'] }),
  'DELETE /api/v1/playbooks/:name': at(playbook, (name) => `/playbooks/${name}`),
  'GET /api/v1/playbooks/:name/versions': at(playbook, (name) => `/playbooks/${name}/versions`),
  'POST /api/v1/playbooks/:name/run': at(playbook, (name) => `/playbooks/${name}/run`, {}),
  'GET /api/v1/executions': plain('/executions'),
  'GET /api/v1/executions/:id': at(execution, (id) => `/executions/${id}`),
  'GET /api/v1/executions/:id/status': at(execution, (id) => `/executions/${id}/status`),
  'GET /api/v1/executions/:id/logs': at(execution, (id) => `/executions/${id}/logs`),
  'GET /api/v1/executions/:id/logs/search': at(execution, (id) => `/executions/${id}/logs/search?q=x`),
  'GET /api/v1/executions/:id/logs.txt': at(execution, (id) => `/executions/${id}/logs.txt`),
  'GET /api/v1/executions/:id/logs/stream': at(execution, (id) => `/executions/${id}/logs/stream`),
  'GET /api/v1/executions/:id/logs/verify': at(execution, (id) => `/executions/${id}/logs/verify`),
  'POST /api/v1/executions/:id/ticket': at(execution, (id) => `/executions/${id}/ticket`),
  'GET /api/v1/executions/:id/explain': at(execution, (id) => `/executions/${id}/explain`),
  'DELETE /api/v1/executions/:id': at(execution, (id) => `/executions/${id}`),
  'GET /api/v1/trace/:request_id': plain(`/trace/${'f'.repeat(32)}`),
  'GET /api/v1/images': plain('/images'),
  'GET /api/v1/images/*': at(image, (id) => `/images/${id}`),
  'POST /api/v1/images/register': plain('/images/register', () => ({ image: `${fresh('image')}:1` })),
  'DELETE /api/v1/images/*': at(image, (id) => `/images/${id}`),
  'GET /api/v1/secrets': plain('/secrets'),
  'POST /api/v1/secrets': plain('/secrets', () => ({ name: fresh('secret'), key_name: 'TOKEN', value: 'v' })),
  'GET /api/v1/secrets/:name': at(secret, (name) => `/secrets/${name}`),
  'PUT /api/v1/secrets/:name': at(secret, (name) => `/secrets/${name}`, { value: 'w' }),
  'DELETE /api/v1/secrets/:name': at(secret, (name) => `/secrets/${name}`),
  'PUT /api/v1/secrets/:name/grants/:email': at(secret, (name) => `/secrets/${name}/grants/admin@example.com`),
  'DELETE /api/v1/secrets/:name/grants/:email': at(secret, (name) => `/secrets/${name}/grants/admin@example.com`),
  'GET /api/v1/sealing-key': plain('/sealing-key'),
  'POST /api/v1/sealing-key/rotate': plain('/sealing-key/rotate'),
  'POST /api/v1/sealing-key/reseal': plain('/sealing-key/reseal'),
  'POST /api/v1/import/executions': plain('/import/executions', () => ({ executions: [endedRun()], source: 'LOCAL' })),
  'POST /api/v1/import/executions/:id/log': at(
    async (world) => {
      const run = endedRun();
      await world.call('POST', '/api/v1/import/executions', { executions: [run], source: 'LOCAL' });
      return run.execution_id;
    },
    (id) => `/import/executions/${id}/log`,
    { lines: [{ seq: 1, stream: 'stdout', ms: 1, text: 'hi' }] },
  ),
  'GET /api/v1/users': plain('/users'),
  'GET /api/v1/users/:email': at(user, (email) => `/users/${email}`),
  'POST /api/v1/users/create': plain('/users/create', () => ({ email: `${fresh('new')}@example.com`, role: 'viewer' })),
  'POST /api/v1/users/revoke': async (world) => ({
    url: '/users/revoke',
    body: { email: decodeURIComponent(await user(world)) },
  }),
  'PUT /api/v1/users/:email/role': at(user, (email) => `/users/${email}/role`, { role: 'operator' }),
  'POST /api/v1/users/login-link': plain('/users/login-link'),
  'GET /api/v1/keys': (_, owner) => ({ url: `/keys?user=${encodeURIComponent(owner)}` }),
  'POST /api/v1/keys': (_, owner) => ({ url: '/keys', body: { name: fresh('key'), user: owner } }),
  'GET /api/v1/keys/:id': at(key, (id) => `/keys/${id}`),
  'POST /api/v1/keys/:id/rotate': at(key, (id) => `/keys/${id}/rotate`, {}),
  'DELETE /api/v1/keys/:id': at(key, (id) => `/keys/${id}`),
  'GET /api/v1/whoami': plain('/whoami'),
  'GET /api/v1/can': plain('/can?permission=run.create'),
  'GET /api/v1/audit': plain('/audit'),
  'GET /api/v1/audit/verify': plain('/audit/verify'),
  'GET /api/v1/dead-letters': plain('/dead-letters'),
  'GET /api/v1/dead-letters/:id': at(deadLetter, (id) => `/dead-letters/${id}`),
  'POST /api/v1/dead-letters/:id/replay': at(deadLetter, (id) => `/dead-letters/${id}/replay`),
  'DELETE /api/v1/dead-letters/:id': at(deadLetter, (id) => `/dead-letters/${id}`),
  'GET /api/v1/health/report': async (world) => {
    await report(world);
    return { url: '/health/report' };
  },
  'POST /api/v1/health/reconcile': plain('/health/reconcile'),
};
