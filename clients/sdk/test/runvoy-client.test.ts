import { expect, test } from '@jest/globals';
import { RunvoyClient, RunvoyError, type FetchInit, type RunvoyOptions } from '../src/client.ts';

interface Scripted {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client whose requests are answered by a script; an error in it is a connection that fails. */
function scripted(answers: readonly (Scripted | Error)[], options: Partial<RunvoyOptions> = {}) {
  const requests: { readonly url: string; readonly init: FetchInit }[] = [];
  const pauses: number[] = [];
  const api = new RunvoyClient({
    endpoint: 'https://runvoy.example.com',
    apiKey: 'k',
    random: () => 0,
    now: () => Date.UTC(2030, 0, 1),
    newKey: () => `key${requests.length}`,
    pause: async (ms) => void pauses.push(ms),
    fetch: async (url, init) => {
      const answer = answers[requests.length] ?? new Error('the script is over');
      requests.push({ url, init });
      if (answer instanceof Error) throw answer;
      const { status, body, text = body === undefined ? '' : JSON.stringify(body), headers = {} } = answer;
      return { status, headers: { get: (name) => headers[name] ?? null }, text: async () => text };
    },
    ...options,
  });
  return { api, requests, pauses };
}

const busy = (status: number, headers: Readonly<Record<string, string>> = {}): Scripted => ({
  status,
  headers,
  body: { error: 'No', code: 'BUSY', details: 'later', request_id: 'r1' },
});
const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
const failureOf = async (call: Promise<unknown>): Promise<RunvoyError> => {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof RunvoyError) return error;
  throw new Error(`no RunvoyError: ${String(error)}`);
};

test('an error of the server keeps its code, its details, its request and the wait it asks for', async () => {
  const { api } = scripted([busy(429, { 'retry-after': '7' })], { tries: 1 });
  const error = await failureOf(api.whoAmI());
  expect(error).toMatchObject({ code: 'BUSY', status: 429, details: 'later', requestId: 'r1', retryAfterMs: 7_000 });
  expect(error.message).toBe('[429] No: later (request r1)');
});

test.each([
  ['5', 5_000],
  ['Tue, 01 Jan 2030 00:00:09 GMT', 9_000],
  ['Mon, 31 Dec 2029 00:00:00 GMT', 0],
  ['soon', undefined],
])('Retry-After %s means %p ms', async (text, ms) => {
  const { api } = scripted([busy(503, { 'retry-after': text })], { tries: 1 });
  expect((await failureOf(api.users())).retryAfterMs).toBe(ms);
});

test('what stands before the server and answers in its own words is quoted, on one line', async () => {
  const { api } = scripted([{ status: 502, text: '<html>\nBad Gateway\n</html>' }], { tries: 1 });
  expect(await failureOf(api.images())).toMatchObject({ code: 'FAILED', explanation: '<html> Bad Gateway </html>' });
});

test('an answer that is no JSON is no answer of runvoy', async () => {
  const { api } = scripted([{ status: 200, text: '<html>welcome</html>' }]);
  expect((await failureOf(api.health())).code).toBe('NOT_RUNVOY');
});

test('where nobody answers the cause is told in the words of the system', async () => {
  const { api } = scripted([refused], { tries: 1 });
  const { code, message } = await failureOf(api.health());
  expect([code, message]).toEqual(['UNREACHABLE', 'cannot reach https://runvoy.example.com (connect ECONNREFUSED)']);
});

test('an answer that does not come is given up after its time', async () => {
  const { api } = scripted([], {
    fetch: (_, { signal }) =>
      new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  const { message } = await failureOf(api.health({ timeoutMs: 10, tries: 1 }));
  expect(message).toContain('no answer within 0.01 s');
});

test('a caller that has left gets the reason it gave, and no further try', async () => {
  const left = new AbortController();
  const { api, requests } = scripted([refused, refused], {
    pause: async () => left.abort(new Error('left')),
  });
  await expect(api.status('x', { signal: left.signal })).rejects.toThrow('left');
  expect(requests).toHaveLength(1);
});

test.each([429, 502, 503, 504])('what reads is tried again after %d', async (status) => {
  const { api, requests, pauses } = scripted([busy(status), busy(status), { status: 200, body: { users: [] } }]);
  expect(await api.users()).toEqual({ users: [] });
  expect(requests).toHaveLength(3);
  expect(pauses).toEqual([100, 200]);
});

test('a server that names a wait is left alone for so long', async () => {
  const { api, pauses } = scripted([busy(429, { 'retry-after': '3' }), { status: 200, body: { users: [] } }]);
  await api.users();
  expect(pauses).toEqual([3_000]);
});

test('a wait of more than a minute is left to the caller', async () => {
  const { api, requests } = scripted([busy(429, { 'retry-after': '61' })]);
  expect((await failureOf(api.users())).retryAfterMs).toBe(61_000);
  expect(requests).toHaveLength(1);
});

test('tries have an end', async () => {
  const { api, requests } = scripted(Array.from({ length: 9 }, () => refused));
  expect((await failureOf(api.users())).code).toBe('UNREACHABLE');
  expect(requests).toHaveLength(4);
});

test.each([400, 401, 403, 404, 409, 422, 500])('%d is not tried again', async (status) => {
  const { api, requests } = scripted([busy(status)]);
  expect((await failureOf(api.users())).status).toBe(status);
  expect(requests).toHaveLength(1);
});

type Calls = readonly (readonly [string, (api: RunvoyClient) => Promise<unknown>])[];

const CREATING: Calls = [
  ['run', (api) => api.run({ command: 'true' })],
  ['runAndWait', (api) => api.runAndWait({ command: 'true' }, 5)],
  ['createUser', (api) => api.createUser({ email: 'a@example.com', role: 'viewer' })],
  ['createKey', (api) => api.createKey({ name: 'ci' })],
  ['rotateKey', (api) => api.rotateKey('k1', 0)],
  ['registerImage', (api) => api.registerImage({ image: 'alpine' })],
  ['createSecret', (api) => api.createSecret({ name: 'n', key_name: 'N', value: 'v' })],
];

test.each(CREATING)('%s is tried again under one Idempotency-Key', async (_, call) => {
  const { api, requests } = scripted([refused, busy(503), { status: 202, body: {} }]);
  await call(api);
  expect(requests.map(({ init }) => init.headers['idempotency-key'])).toEqual(['key0', 'key0', 'key0']);
});

test('a creating call whose first try the server still works on is tried again', async () => {
  const body = { error: 'Conflict', code: 'IDEMPOTENCY_IN_PROGRESS', request_id: 'r1' };
  const { api, requests } = scripted([refused, { status: 409, body }, { status: 202, body: { execution_id: 'x' } }]);
  expect(await api.run({ command: 'true' })).toEqual({ execution_id: 'x' });
  expect(requests).toHaveLength(3);
});

test('two creating calls have two keys, and a key that is given is kept', async () => {
  const done = { status: 202, body: {} };
  const { api, requests } = scripted([done, done, done]);
  await api.run({ command: 'true' });
  await api.run({ command: 'true' });
  await api.run({ command: 'true' }, 'mine');
  expect(requests.map(({ init }) => init.headers['idempotency-key'])).toEqual(['key0', 'key1', 'mine']);
});

const ONCE: Calls = [
  ['stop', (api) => api.stop('x')],
  ['claim', (api) => api.claim('t')],
  ['updateSecret', (api) => api.updateSecret('n', { value: 'v' })],
  ['removeSecret', (api) => api.removeSecret('n')],
  ['revokeUser', (api) => api.revokeUser('a@example.com')],
  ['replayDeadLetter', (api) => api.replayDeadLetter('d')],
];

test.each(ONCE)('%s, which carries no key, is sent once', async (_, call) => {
  const { api, requests } = scripted([busy(503), { status: 200, body: {} }]);
  expect((await failureOf(call(api))).status).toBe(503);
  expect(requests).toHaveLength(1);
});

test('a key follows no redirection, and nothing is kept in a cache', async () => {
  const { api, requests } = scripted([{ status: 200, body: {} }]);
  await api.image('a/b:1');
  expect(requests[0]).toMatchObject({
    url: 'https://runvoy.example.com/api/v1/images/a%2Fb%3A1',
    init: { method: 'GET', redirect: 'error', cache: 'no-store', headers: { 'x-api-key': 'k' } },
  });
});

test('a stop says whether there was anything to stop', async () => {
  const { api } = scripted([{ status: 200, body: {} }, { status: 204 }]);
  expect([await api.stop('x', 0), await api.stop('x')]).toEqual(['requested', 'already']);
});

test('a page of runs names the cursor of the next, and everything that was asked is in its question', async () => {
  const link = '</api/v1/executions?limit=2&cursor=a%2Fb%3D>; rel="next"';
  const { api, requests } = scripted([
    { status: 200, body: [], headers: { link } },
    { status: 200, body: [] },
  ]);
  const query = { limit: '2', status: 'FAILED', labels: ['a=b', 'c='], user: 'kim@example.com', since: undefined };
  expect(await api.listPage(query)).toEqual({ executions: [], next: 'a/b=' });
  expect(requests[0]?.url).toBe(
    'https://runvoy.example.com/api/v1/executions?limit=2&status=FAILED&user=kim%40example.com&label=a%3Db&label=c%3D',
  );
  expect(await api.listPage({ cursor: 'a/b=' })).toEqual({ executions: [] });
  expect(requests[1]?.url).toContain('cursor=a%2Fb%3D');
});

test('a run of a playbook is tried again under one key, and its name cannot leave its path', async () => {
  const { api, requests } = scripted([busy(503), { status: 202, body: {} }]);
  await api.runPlaybook('../run', { version: 2 });
  expect(requests.map(({ url }) => url)).toEqual(
    Array.from({ length: 2 }, () => 'https://runvoy.example.com/api/v1/playbooks/..%2Frun/run'),
  );
  expect(new Set(requests.map(({ init }) => init.headers['idempotency-key'])).size).toBe(1);
});
