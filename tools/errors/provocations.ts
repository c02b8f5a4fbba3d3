import {
  executionRef,
  Failure,
  NO_LIMITS,
  NO_SLOTS,
  slotsRef,
  WAITING_MAX,
  type FailureCode,
} from '../../libs/core/src/index.ts';
import { openSqliteRecords } from '../../libs/provider-local/src/index.ts';
import { openWorld, type World } from '../../services/orchestrator/test/world.ts';
import { newDoor } from '../../services/standalone/src/door.ts';
import { openLiveWorld } from '../../services/websocket/test/live-world.ts';
import { sampleExecution } from '../../services/websocket/test/sample-execution.ts';
import { failingStore } from './failing-store.ts';
import { rawAnswer } from './raw-answer.ts';
import { IDLE_JOBS, openRunnerWorld } from './runner-world.ts';

/** What of a refusal is looked at. */
export interface Answered {
  readonly code: string;
  readonly status: number;
}

type Given = { readonly statusCode: number; json(): { readonly code: string } };
type Opening = Parameters<typeof openWorld>;

const UNKNOWN = '0'.repeat(32);
const SECRET = { name: 'known', key_name: 'KNOWN', value: 'v' };
const FULL_QUEUE = { user: 'kim@example.com', waiting: WAITING_MAX, turn: 1 };
const PLAYBOOK = { name: 'known', commands: ['true'] };
const DOOR = newDoor({ host: '127.0.0.1', port: () => 1, allowedHosts: [], allowedOrigins: [] });

/** Asks the API something, in a world of its own; the last answer counts. */
function api(ask: (world: World) => Promise<Given>, ...opening: Opening): () => Promise<Answered> {
  return async () => {
    await using world = await openWorld(...opening);
    return answered(await ask(world));
  };
}

/** Asks for something that writes while the store fails so. */
function whileStore(fails: Error): () => Promise<Answered> {
  return async () => {
    const store = failingStore(openSqliteRecords(':memory:'));
    await using world = await openWorld({}, undefined, {}, store.records);
    store.failWith(fails);
    const given = await world.call('POST', '/api/v1/secrets', SECRET);
    store.failWith(undefined);
    return answered(given);
  };
}

/** The runner's door, after what came before. */
function runner(
  ask: (world: Awaited<ReturnType<typeof openRunnerWorld>>) => Promise<Given>,
  options: Parameters<typeof openRunnerWorld>[0] = {},
): () => Promise<Answered> {
  return async () => {
    await using world = await openRunnerWorld(options);
    return answered(await ask(world));
  };
}

function answered(given: Given): Answered {
  return { code: given.json().code, status: given.statusCode };
}

const run = (world: World, body: object = {}, headers = {}) =>
  world.call('POST', '/api/v1/run', { command: 'true', ...body }, world.adminKey, headers);
const twice = async (ask: () => Promise<Given>) => {
  await ask();
  return ask();
};
const createUser = (world: World, headers = {}) =>
  world.call('POST', '/api/v1/users/create', { email: 'kim@example.com', role: 'viewer' }, world.adminKey, headers);
/** Where a new user claims their key. */
const claim = async (world: World) => {
  return `/api/v1/claim/${(await createUser(world)).json().claim_token}`;
};

/** One way to each code of `docs/errors.md`, as a caller meets it. */
export const PROVOCATIONS: Readonly<Record<FailureCode, () => Promise<Answered>>> = {
  INVALID_REQUEST: api((world) => run(world, { command: 1 })),
  UNAUTHORIZED: api(({ app }) => app.inject({ url: '/api/v1/whoami' })),
  INVALID_API_KEY: api((world) => world.call('GET', '/api/v1/whoami', undefined, `rvy_${'a'.repeat(20)}_x`)),
  API_KEY_REVOKED: api(async (world) => {
    const key = await world.keyOf('kim@example.com', 'viewer');
    await world.call('POST', '/api/v1/users/revoke', { email: 'kim@example.com' });
    return world.call('GET', '/api/v1/whoami', undefined, key);
  }),
  FORBIDDEN: api(async (world) =>
    world.call('GET', '/api/v1/users', undefined, await world.keyOf('kim@example.com', 'viewer')),
  ),
  FOREIGN_ORIGIN: api(
    (world) => world.call('POST', '/api/v1/run', { command: 'true' }, world.adminKey, FROM_ELSEWHERE),
    {},
    undefined,
    { guard: (request) => DOOR.guardRequest(request) },
  ),
  MISDIRECTED: api(
    ({ app }) => app.inject({ url: '/api/v1/health', headers: { host: 'elsewhere.example.com' } }),
    {},
    undefined,
    { guard: (request) => DOOR.guardRequest(request) },
  ),
  NOT_FOUND: api((world) => world.call('POST', '/api/v1/users/revoke', { email: 'nobody@example.com' })),
  EXECUTION_NOT_FOUND: api((world) => world.call('GET', `/api/v1/executions/${UNKNOWN}`)),
  IMAGE_NOT_FOUND: api((world) => run(world, { image: 'nowhere' })),
  SECRET_NOT_FOUND: api((world) => world.call('GET', '/api/v1/secrets/nowhere')),
  PLAYBOOK_NOT_FOUND: api((world) => world.call('GET', '/api/v1/playbooks/nowhere')),
  CLAIM_NOT_FOUND: api(({ app }) => app.inject({ method: 'POST', url: '/api/v1/claim/nowhere' })),
  CLAIM_USED: api(async (world) => {
    const url = await claim(world);
    return twice(async () => world.app.inject({ method: 'POST', url }));
  }),
  METHOD_NOT_ALLOWED: api((world) => world.call('PATCH', '/api/v1/users')),
  CONFLICT: api((world) => world.call('POST', '/api/v1/users/create', { email: 'admin@example.com', role: 'viewer' })),
  SECRET_ALREADY_EXISTS: api((world) => twice(() => world.call('POST', '/api/v1/secrets', SECRET))),
  PLAYBOOK_ALREADY_EXISTS: api((world) => twice(() => world.call('POST', '/api/v1/playbooks', PLAYBOOK))),
  PAYLOAD_TOO_LARGE: api((world) => run(world, { command: 'x'.repeat(300 * 1024) })),
  URI_TOO_LONG: api((world) => world.call('GET', `/api/v1/executions/${'a'.repeat(1_025)}`)),
  UNSUPPORTED_MEDIA_TYPE: api((world) => run(world, {}, { 'content-type': 'text/plain' })),
  UNPROCESSABLE: api((world) => run(world, { grace: 1e9 })),
  IDEMPOTENCY_CONFLICT: api(async (world) => {
    await run(world, {}, { 'idempotency-key': 'k' });
    return run(world, { command: 'false' }, { 'idempotency-key': 'k' });
  }),
  IMAGE_NEEDS_CONTAINER: api(async (world) => {
    await world.call('POST', '/api/v1/images/register', { image: 'alpine' });
    return run(world, { image: 'alpine' });
  }),
  LOG_EXPIRED: api(async (world) => {
    const id: string = (await run(world)).json().execution_id;
    await world.records.transact(async (tx) => {
      const execution = (await tx.get(executionRef(id)))!;
      tx.set(executionRef(id), { ...execution, log_expired: { at_ms: 0, kept_days: 30 } });
    });
    return world.call('GET', `/api/v1/executions/${id}/logs`);
  }),
  ISOLATION_UNAVAILABLE: api((world) => run(world, { isolation: 'container' })),
  ISOLATION_TOO_WEAK: api((world) => run(world, { network: 'none' }), {}, undefined, {
    jobs: { ...IDLE_JOBS, shortcomings: { process: ['no_network'] } },
  }),
  IDEMPOTENCY_IN_PROGRESS: api(async (world) => {
    const ask = () => createUser(world, { 'idempotency-key': 'k' });
    const both = await Promise.all([ask(), ask()]);
    return both.find(({ statusCode }) => statusCode === 409)!;
  }),
  ANSWER_GONE: api(async (world) => {
    const { claim_token } = (await createUser(world, { 'idempotency-key': 'k' })).json();
    await world.app.inject({ method: 'POST', url: `/api/v1/claim/${claim_token}` });
    return createUser(world, { 'idempotency-key': 'k' });
  }),
  PRECONDITION_FAILED: api(async (world) => {
    await world.call('POST', '/api/v1/secrets', SECRET);
    return world.call('PUT', '/api/v1/secrets/known', { value: 'w' }, world.adminKey, { 'if-match': '"another"' });
  }),
  QUEUE_FULL: api(
    async (world) => {
      await world.records.create(slotsRef, { ...NO_SLOTS, queues: [FULL_QUEUE] });
      return run(world);
    },
    { limits: { ...NO_LIMITS, deployment: 1 } },
  ),
  RATE_LIMITED: api(
    (world) => twice(() => world.call('GET', '/api/v1/whoami')),
    {},
    {
      perKey: 1,
      refusedPerAddress: 1,
      trustedProxyHops: 0,
    },
  ),
  NO_RUNNER: api((world) => run(world), { noRunner: 'the orchestrator runs alone' }),
  RECORD_EXISTS: whileStore(new Failure('RECORD_EXISTS', 'secrets/known')),
  RECORDS_MISUSED: whileStore(new Failure('RECORDS_MISUSED', 'The store has no such query.')),
  INTERNAL_ERROR: whileStore(new Error('a defect')),
  STORE_CONTENDED: whileStore(new Failure('STORE_CONTENDED', 'secrets')),
  STORE_UNAVAILABLE: whileStore(new Failure('STORE_UNAVAILABLE')),
  BAD_SIGNATURE: runner(async (world) => {
    const batch = world.batch(await world.session(), 'one');
    return world.post('logs', { ...batch, mac: '0'.repeat(64) });
  }),
  BOOTSTRAP_REFUSED: runner((world) => world.bootstrap({ token: 'another' })),
  BATCH_MISMATCH: runner(async (world) => {
    const session = await world.session();
    await world.post('logs', world.batch(session, 'one'));
    return world.post('logs', world.batch(session, 'another'));
  }),
  EXECUTION_ENDED: runner(async (world) => {
    await world.put('SUCCEEDED');
    return world.bootstrap();
  }),
  PLATFORM_UNAVAILABLE: runner((world) => world.bootstrap({ platform_execution: 'p' }), {
    identify: async () => undefined,
  }),
  HEADERS_TOO_LARGE: () => rawAnswer(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`),
  REQUEST_TIMEOUT: () => rawAnswer('GET / HTTP/1.1\r\n'),
  TOO_MANY_VIEWERS: async () => {
    await using world = await openLiveWorld({ maxViewers: 0 });
    await world.put(sampleExecution());
    return viewerAnswer(await world.connect().refused);
  },
  SHUTTING_DOWN: async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    await world.view.close();
    return viewerAnswer(await world.connect().refused);
  },
};

const FROM_ELSEWHERE = { host: '127.0.0.1:1', origin: 'https://elsewhere.example.com' };

function viewerAnswer({ status, body }: { readonly status: number; readonly body: object }): Answered {
  return { status, code: String((body as { code?: unknown }).code) };
}
