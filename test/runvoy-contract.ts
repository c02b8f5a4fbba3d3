import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ExecutionStatusBody, Role, RunAnswer } from '@runvoy/protocol';
import WebSocket from 'ws';
import { poll } from '../services/standalone/test/server.ts';
import { goProblems, type GoShape } from './go-client.ts';
import type { LifeServer } from './run-life.ts';

jest.setTimeout(120_000);

const OPENING_MS = 180_000;
/** The site whose pages may read answers, in the servers of this file. */
export const PAGE_ORIGIN = 'https://pages.example.com';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Frame {
  readonly event_id?: string;
  readonly timestamp?: number;
  readonly message?: string;
  readonly type?: string;
  readonly reason?: string;
}

/** What runvoy's clients need of a server, row by row of the compatibility list, the same on every provider. */
export function runvoyContract(open: () => Promise<LifeServer>): void {
  let server: LifeServer;
  beforeAll(async () => {
    server = await open();
  }, OPENING_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /** As runvoy's CLI sends: its headers on every request, a length only with a body or on POST and PUT. */
  const send = (method: string, path: string, { body, key = server.key, headers = {} }: Sent = {}) =>
    ask(`${server.ready.api_url}/api/v1${path}`, method, key, body, headers);
  const json = async <T>(answer: Promise<Answer>) => JSON.parse((await answer).text) as T;

  async function keyOf(role: Role): Promise<string> {
    const email = `${role}-${Math.random().toString(36).slice(2)}@example.com`;
    const body = JSON.stringify({ email, role });
    const { claim_token } = await json<{ claim_token: string }>(send('POST', '/users/create', { body }));
    return (await json<{ api_key: string }>(send('GET', `/claim/${claim_token}`, { key: '' }))).api_key;
  }

  /** What a client without subprotocol is told until the server closes. */
  async function bareFrames({ websocket_url }: RunAnswer) {
    const socket = new WebSocket(websocket_url, { headers: { 'User-Agent': 'Go-http-client/1.1' } });
    const frames: Frame[] = [];
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) throw new Error('a binary frame');
      frames.push(JSON.parse(data.toString()) as Frame);
    });
    const [code] = (await once(socket, 'close')) as [number];
    const end = frames.findIndex(({ type }) => type !== undefined);
    return { lines: end < 0 ? frames : frames.slice(0, end), rest: end < 0 ? [] : frames.slice(end), code };
  }
  /** The command's own lines: those that the server adds begin with three signs. */
  const own = (frames: readonly Frame[]) => frames.filter(({ message }) => !message?.startsWith('### '));

  const logs = (id: string) =>
    json<{ status: string; events: readonly Frame[] | null; websocket_url?: string }>(
      send('GET', `/executions/${id}/logs`),
    );

  test('4: no execution is an empty array, not an object and not null', async () => {
    const listed = await send('GET', '/executions?limit=3&status=RUNNING%2CFAILED');
    expect([listed.status, listed.text.trim()]).toEqual([200, '[]']);
  });

  describe('1: a JSON content type without a body is taken', () => {
    const asked = (method: string, path: () => Promise<string> | string) => async () =>
      send(method, await path(), method === 'POST' ? { headers: { 'Content-Length': '0' } } : {});
    const running = async () =>
      `/executions/${(await server.run({ command: 'exec sleep 60', grace: 0 })).execution_id}`;
    const secret = async () => {
      const body = JSON.stringify({ name: 'gone', key_name: 'GONE', value: 'v' });
      expect((await send('POST', '/secrets', { body })).status).toBe(201);
      return '/secrets/gone';
    };
    const image = async () => `/images/${await registered('org/gone:1')}`;

    test.each([
      ['DELETE', 'of an execution', 200, asked('DELETE', running)],
      ['POST', 'of a reconcile', 200, asked('POST', () => '/health/reconcile')],
      ['DELETE', 'of a secret', 200, asked('DELETE', secret)],
      ['DELETE', 'of an image', 200, asked('DELETE', image)],
      ['GET', 'of the users', 200, asked('GET', () => '/users/')],
    ] as const)('on a %s %s', async (_method, _thing, status, sent) => {
      const answer = await sent();
      expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
    });

    test('and is refused as an empty body where one is needed, not as a server error', async () => {
      expect((await send('POST', '/run', { headers: { 'Content-Length': '0' } })).status).toBe(400);
    });
  });

  test.each<[Role, number]>([
    ['admin', 200],
    ['operator', 200],
    ['developer', 403],
    ['viewer', 403],
  ])('2: %s gets %i for /users and for /users/', async (role, status) => {
    const key = await keyOf(role);
    const answers = await Promise.all(['/users', '/users/'].map((path) => send('GET', path, { key })));
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
  });

  async function registered(image: string): Promise<string> {
    const body = JSON.stringify({ image });
    expect((await send('POST', '/images/register', { body })).status).toBe(201);
    const { images } = await json<{ images: { image: string; image_id: string }[] }>(send('GET', '/images'));
    return images.find((one) => one.image === image)!.image_id;
  }

  test('3: an image is found and removed by a name with raw slashes and with encoded ones', async () => {
    for (const [n, form] of [
      encodeURIComponent,
      (id: string) => id,
      (id: string) => id.replace('/', '%2f'),
    ].entries()) {
      const image = `registry.example.com/hashicorp/tools/terraform:1.${n}`;
      const id = await registered(image);
      expect(id).toContain('hashicorp/tools/terraform');
      for (const wanted of [id, image]) {
        const shown = await send('GET', `/images/${form(wanted)}`);
        expect([shown.status, JSON.parse(shown.text)]).toEqual([200, expect.objectContaining({ image_id: id, image })]);
      }
      const removed = await send('DELETE', `/images/${form(id)}`);
      expect(JSON.parse(removed.text)).toMatchObject({ image: id, message: 'Image removed successfully' });
      expect((await send('GET', `/images/${form(id)}`)).status).toBe(404);
    }
  });

  test('5: a kill answers 200 with id and message, and 204 without a body once there is nothing to kill', async () => {
    const { execution_id: id } = await server.run({ command: 'exec sleep 60', grace: 0 });
    const first = await send('DELETE', `/executions/${id}`);
    expect([first.status, JSON.parse(first.text)]).toEqual([
      200,
      { execution_id: id, message: 'Execution termination initiated' },
    ]);
    for (const again of [await send('DELETE', `/executions/${id}`), await endedThenKilled(id)]) {
      expect([again.status, again.text]).toEqual([204, '']);
    }
    const unknown = await send('DELETE', `/executions/${'0'.repeat(32)}`);
    expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([404, { details: expect.any(String) }]);
  });

  async function endedThenKilled(id: string) {
    await server.finished(id);
    return send('DELETE', `/executions/${id}`);
  }

  test('6: whole numbers and times are such that the Go client reads them, in every answer', async () => {
    const run = await server.run('echo hi; exit 3');
    const held = await server.run({ command: 'exec sleep 60', grace: 0 });
    const isHeld = ({ status }: ExecutionStatusBody) => status === 'RUNNING';
    await Promise.all([server.finished(run.execution_id), server.until(held.execution_id, isHeld)]);
    await send('POST', '/secrets', { body: JSON.stringify({ name: 'go', key_name: 'GO', value: 'v' }) });
    const imageId = await registered('org/go:1');

    const reads: readonly (readonly [string, GoShape, string?])[] = [
      ['/executions?limit=0', EXECUTION],
      [`/executions/${run.execution_id}/status`, STATUS_ENDED],
      [`/executions/${held.execution_id}/status`, STATUS_RUNNING],
      [`/executions/${run.execution_id}/logs`, LOGS],
      [`/executions/${run.execution_id}/logs`, EVENT, 'events'],
      [`/images/${imageId}`, IMAGE],
      ['/images', IMAGE, 'images'],
      ['/users/', USER, 'users'],
      ['/secrets', SECRET, 'secrets'],
      ['/secrets', { total: 'integer' }],
      ['/health', HEALTH],
    ];
    for (const [path, shape, part] of reads) {
      const { status, text } = await send('GET', path);
      expect({ path, status, problems: goProblems(text, shape, part) }).toEqual({ path, status: 200, problems: [] });
    }
    const statusOf = (id: string) => json<{ exit_code: number | null }>(send('GET', `/executions/${id}/status`));
    const listed = await json<{ execution_id: string; exit_code: number }[]>(send('GET', '/executions?limit=0'));
    const inList = (id: string) => listed.find(({ execution_id }) => execution_id === id)?.exit_code;
    expect([(await statusOf(run.execution_id)).exit_code, inList(run.execution_id)]).toEqual([3, 3]);
    expect([(await statusOf(held.execution_id)).exit_code, inList(held.execution_id)]).toEqual([null, 0]);
    await send('DELETE', `/executions/${held.execution_id}`);
  });

  test('7, 8: a stream is bare frames, an empty line one space, then the disconnect frame and close 1000', async () => {
    const run = await server.run(`sleep 0.3; echo one; echo; echo '{"type":"x"}'; echo two >&2`);
    const { lines, rest, code } = await bareFrames(run);
    expect(rest).toEqual([{ type: 'disconnect', reason: 'execution_completed' }]);
    expect(code).toBe(1000);
    for (const frame of lines) {
      expect(Object.keys(frame).sort()).toEqual(['event_id', 'message', 'timestamp']);
      expect([typeof frame.event_id, Number.isInteger(frame.timestamp), frame.message !== '']).toEqual([
        'string',
        true,
        true,
      ]);
    }
    expect(
      own(lines)
        .map(({ message }) => message)
        .sort(),
    ).toEqual([' ', 'one', 'two', '{"type":"x"}']);
  });

  test('9, 10: equal lines in one millisecond have ids of their own, and events come sorted, each once', async () => {
    const run = await server.run('i=0; while [ $i -lt 500 ]; do echo same; i=$((i+1)); done');
    await server.finished(run.execution_id);
    const events = await poll(async () => {
      const answer = await logs(run.execution_id);
      return own(answer.events ?? []).length >= 500 ? answer.events! : undefined;
    });
    expect(own(events)).toHaveLength(500);
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
    const times = events.map(({ timestamp }) => timestamp!);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const { lines } = await bareFrames(run);
    // What is more in an event of ours is ignored by who reads runvoy's.
    const asFrames = events.map(({ event_id, timestamp, message }) => ({ event_id, timestamp, message }));
    expect(lines).toEqual(asFrames);
  });

  test('10: a running execution is told as where to stream it from, a TERMINATING one as history', async () => {
    const run = await server.run({ command: `trap '' TERM; echo begun; while :; do sleep 0.1; done`, grace: 3 });
    await poll(async () => ((await hasLine(run.execution_id, 'begun')) ? true : undefined));
    const running = await logs(run.execution_id);
    expect(running).toMatchObject({
      status: 'RUNNING',
      events: null,
      websocket_url: expect.stringContaining('token='),
    });
    expect((await send('DELETE', `/executions/${run.execution_id}`)).status).toBe(200);
    const stopping = await logs(run.execution_id);
    expect(stopping.status).toBe('TERMINATING');
    expect(stopping.websocket_url).toBeUndefined();
    expect(own(stopping.events!).map(({ message }) => message)).toEqual(['begun']);
    await server.finished(run.execution_id);
  });

  const hasLine = async (id: string, text: string) => {
    const { events } = await json<{ events: readonly Frame[] }>(send('GET', `/executions/${id}/logs?after=0`));
    return events.some(({ message }) => message === text);
  };

  test('11: who connects late is told everything from the first line, and the end only after the last', async () => {
    const run = await server.run('echo first; echo last');
    const early = await bareFrames(run);
    await server.finished(run.execution_id);
    const late = await bareFrames(run);
    for (const { lines, rest } of [early, late]) {
      expect(own(lines).map(({ message }) => message)).toEqual(['first', 'last']);
      expect(rest).toEqual([{ type: 'disconnect', reason: 'execution_completed' }]);
    }
  });

  test.each([
    ['OPTIONS', '/run', '', 200],
    ['OPTIONS', '/nowhere', '', 200],
    ['GET', '/executions', '', 401],
    ['GET', '/executions/none', undefined, 404],
    ['GET', '/nowhere', '', 404],
    ['PUT', '/run', '', 405],
  ] as const)(
    '12: %s %s may be read by a page of an allowed origin, answered %s %i',
    async (method, path, key, status) => {
      const headers = { Origin: PAGE_ORIGIN, 'Access-Control-Request-Headers': 'content-type,x-api-key' };
      const answer = await send(method, path, { ...(key === undefined ? {} : { key }), headers });
      expect(answer.status).toBe(status);
      expect(answer.headers['access-control-allow-origin']).toBe(PAGE_ORIGIN);
      expect(answer.headers['access-control-allow-headers']).toMatch(/Content-Type, X-API-Key/);
      expect(answer.headers['access-control-allow-methods']).toMatch(/GET, POST, PUT, DELETE, OPTIONS/);
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
      const foreign = await send(method, path, { key: '', headers: { Origin: `${PAGE_ORIGIN}.evil.example` } });
      expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  test('13: a bad key is ignored where none is needed', async () => {
    for (const key of ['nonsense', `rvy_${'a'.repeat(20)}_${'b'.repeat(43)}`]) {
      expect((await send('GET', '/health', { key })).status).toBe(200);
      const body = JSON.stringify({ email: `k${key.length}@example.com`, role: 'viewer' });
      const { claim_token } = await json<{ claim_token: string }>(send('POST', '/users/create', { body }));
      const claimed = await send('GET', `/claim/${claim_token}`, { key });
      expect([claimed.status, JSON.parse(claimed.text)]).toMatchObject([200, { api_key: expect.any(String) }]);
      expect((await send('GET', '/executions', { key })).status).toBe(401);
    }
  });

  test('15: a run beyond its time is FAILED with 124, in a status that runvoy knows', async () => {
    const { execution_id } = await server.run({ command: 'exec sleep 60', timeout: 1, grace: 0 });
    expect(await server.finished(execution_id)).toMatchObject({ status: 'FAILED', exit_code: 124, reason: 'timeout' });
  });

  test.each([
    ['an unknown image', '/run', { command: 'x', image: 'nowhere/none:1' }, 404],
    ['an unknown secret', '/run', { command: 'x', secrets: ['none'] }, 404],
    ['an empty command', '/run', { command: '' }, 400],
    ['an image without a name', '/images/register', { image: '' }, 400],
    ['a user without a role', '/users/create', { email: 'x@example.com' }, 400],
    ['a role there is not', '/users/create', { email: 'x@example.com', role: 'king' }, 400],
  ])('16: %s is no server error', async (_, path, body, status) => {
    const answer = await send('POST', path, { body: JSON.stringify(body) });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { error: expect.any(String) }]);
  });

  test('17: a developer’s run answers at once with where to stream it from', async () => {
    const key = await keyOf('developer');
    // As Go writes it: with signs that it escapes.
    const body = '{"command":"echo a \\u0026\\u0026 echo \\u003cb\\u003e | tr -d x"}';
    const answer = await send('POST', '/run', { key, body });
    const run = JSON.parse(answer.text) as RunAnswer;
    expect(answer.status).toBe(202);
    expect(run).toMatchObject({ log_url: '', status: 'STARTING', command: 'echo a && echo <b> | tr -d x' });
    expect(run.websocket_url).toMatch(/^wss?:.*execution_id=.*token=/);
    expect(goProblems(answer.text, RUN)).toEqual([]);
    expect((await bareFrames(run)).rest).toHaveLength(1);
  });
}

interface Sent {
  readonly body?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By hand: what fetch adds or leaves out is not what runvoy's CLI does. */
async function ask(
  url: string,
  method: string,
  key: string,
  body: string | undefined,
  more: Readonly<Record<string, string>>,
): Promise<Answer> {
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Go-http-client/1.1',
    'Accept-Encoding': 'gzip',
    ...(key === '' ? {} : { 'X-API-Key': key }),
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...more,
  };
  const sent = request(url, { method, headers }).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await answer.toArray()).map(String).join('');
  return { status: answer.statusCode!, headers: answer.headers, text };
}

const RUN: GoShape = {
  execution_id: 'string',
  log_url: 'string',
  status: 'string',
  command: 'string',
  image_id: 'string',
  websocket_url: 'string',
};
const EXECUTION: GoShape = {
  execution_id: 'string',
  created_by: 'string',
  owned_by: 'strings',
  command: 'string',
  image_id: 'string',
  started_at: 'time',
  completed_at: 'time?',
  status: 'string',
  exit_code: 'integer',
  duration_seconds: 'integer?',
  created_by_request_id: 'string',
  modified_by_request_id: 'string',
  cloud: 'string?',
};
const STATUS_ENDED: GoShape = {
  execution_id: 'string',
  status: 'string',
  command: 'string',
  image_id: 'string',
  started_at: 'time',
  exit_code: 'integer',
  completed_at: 'time',
};
const STATUS_RUNNING: GoShape = { ...STATUS_ENDED, exit_code: 'integer|null', completed_at: 'time?' };
const LOGS: GoShape = { execution_id: 'string', status: 'string', events: 'any' };
const EVENT: GoShape = { event_id: 'string', timestamp: 'integer', message: 'string' };
const HEALTH: GoShape = { status: 'string', version: 'string', provider: 'string', region: 'string?' };
const USER: GoShape = {
  email: 'string',
  role: 'string',
  created_at: 'time',
  revoked: 'boolean',
  last_used: 'time?',
  created_by_request_id: 'string',
  modified_by_request_id: 'string',
};
const SECRET: GoShape = {
  name: 'string',
  key_name: 'string',
  created_by: 'string',
  updated_by: 'string',
  owned_by: 'strings',
  created_at: 'time',
  updated_at: 'time',
  created_by_request_id: 'string',
  modified_by_request_id: 'string',
};
const IMAGE: GoShape = {
  image_id: 'string',
  image: 'string',
  is_default: 'boolean',
  cpu: 'integer',
  memory: 'integer',
  runtime_platform: 'string',
  image_name: 'string',
  image_tag: 'string',
  created_by: 'string',
  owned_by: 'strings',
  created_at: 'time',
  created_by_request_id: 'string',
  modified_by_request_id: 'string',
};
