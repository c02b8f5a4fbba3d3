import { statSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { issueTicket } from '@runvoy/core';
import { LIMITS, STREAM_PROTOCOL } from '@runvoy/protocol';
import { openSigningKeys } from '@runvoy/provider-local';
import { follow, texts } from './follower.ts';
import { openHostileWorld, type Answer, type HostileWorld } from './hostile-world.ts';

let world: HostileWorld;
beforeAll(async () => {
  world = await openHostileWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

const RUN = '/api/v1/run';
const run = (fields: object, headers: Record<string, string> = {}) =>
  world.post(RUN, { command: 'true', ...fields }, headers);
const runText = (body: string | Buffer) => world.ask('POST', RUN, { body });

/** Status, code and the sentence. */
const told = ({ status, body }: Answer) => [status, body?.code, body?.details];

/** Every refusal has the same form, and names its request. */
function expectForm(answer: Answer): void {
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.body).toEqual({
    error: expect.any(String),
    code: expect.stringMatching(/^[A-Z_]+$/),
    details: expect.stringMatching(/./),
    request_id: answer.headers['x-request-id'],
    type: `urn:runvoy:error:${answer.body.code}`,
    title: expect.any(String),
    status: answer.status,
  });
}

describe('a limit', () => {
  const [KIB, x] = [1024, (count: number) => 'x'.repeat(count)];
  /** Eight values of 32 KiB and their names: `spare` bytes below the total. */
  const fullEnv = (spare: number) => {
    const names = Array.from({ length: 8 }, (_, i) => `V${i}`);
    const [first, ...others] = names.map((name) => [name, x(LIMITS.envValueBytes - name.length)] as const);
    return Object.fromEntries([...others, [first![0], first![1].slice(spare)]]);
  };
  const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`N${i}`, 'v']));
  const email = (chars: number) => `${x(chars - '@example.com'.length)}@example.com`;
  /** As many slashes as there can be: each takes three bytes in a record id. */
  const image = (chars: number) => (chars % 2 === 0 ? 'aa' : 'a') + '/a'.repeat(Math.ceil(chars / 2) - 1);

  test.each([
    ['command', LIMITS.commandBytes, () => run({ command: `true #${x(LIMITS.commandBytes - 6)}` })],
    ['env entries', LIMITS.envEntries, () => run({ env: entries(LIMITS.envEntries) })],
    ['env name', LIMITS.envNameBytes, () => run({ env: { [x(LIMITS.envNameBytes)]: 'v' } })],
    ['env value', LIMITS.envValueBytes, () => run({ env: { V: x(LIMITS.envValueBytes) } })],
    ['env total', LIMITS.envTotalBytes, () => run({ env: fullEnv(0) })],
    [
      'Idempotency-Key',
      LIMITS.idempotencyKeyChars,
      () => run({}, { 'Idempotency-Key': x(LIMITS.idempotencyKeyChars) }),
    ],
    ['git_repo', LIMITS.gitUrlChars, () => run({ git_repo: `https://127.0.0.1:9/${x(LIMITS.gitUrlChars - 20)}` })],
    ['git_ref', LIMITS.gitRefChars, () => run({ git_repo: 'https://127.0.0.1:9/r', git_ref: x(LIMITS.gitRefChars) })],
    [
      'git_path',
      LIMITS.gitPathChars,
      () => run({ git_repo: 'https://127.0.0.1:9/r', git_path: x(LIMITS.gitPathChars) }),
    ],
    ['timeout', LIMITS.timeoutMaxS, () => run({ timeout: LIMITS.timeoutMaxS })],
    ['grace', LIMITS.graceMaxMs, () => run({ grace: LIMITS.graceMaxMs / 1000 })],
    ['body', LIMITS.bodyBytes, () => runText(bodyOf(LIMITS.bodyBytes))],
  ])('%s of %i is accepted', async (_, _limit, send) => {
    expect(told(await send())).toEqual([202, undefined, undefined]);
  });

  test.each([
    ['command', 413, '262145 bytes; the limit is 262144', () => run({ command: x(LIMITS.commandBytes + 1) })],
    ['1 MiB command', 413, 'command is 1048576 bytes; the limit is 262144', () => run({ command: x(KIB * KIB) })],
    [
      'command in letters of two bytes',
      413,
      '262146 bytes',
      () => run({ command: 'é'.repeat(LIMITS.commandBytes / 2 + 1) }),
    ],
    ['env entries', 413, '1001 entries; the limit is 1000', () => run({ env: entries(LIMITS.envEntries + 1) })],
    ['env name', 413, '257 bytes; the limit is 256', () => run({ env: { [x(LIMITS.envNameBytes + 1)]: 'v' } })],
    ['env value', 413, 'V is 32769 bytes; the limit is 32768', () => run({ env: { V: x(LIMITS.envValueBytes + 1) } })],
    ['env total', 413, '262145 bytes in all; the limit is 262144', () => run({ env: { ...fullEnv(1), W: 'v' } })],
    ['Idempotency-Key', 422, '256 characters; the limit is 255', () => run({}, { 'Idempotency-Key': x(256) })],
    ['git_repo', 422, '2049 characters; the limit is 2048', () => run({ git_repo: `https://h/${x(2039)}` })],
    ['git_ref', 422, '256 characters; the limit is 255', () => run({ git_repo: 'https://h/r', git_ref: x(256) })],
    ['git_path', 422, '1025 characters; the limit is 1024', () => run({ git_repo: 'https://h/r', git_path: x(1025) })],
    ['secrets', 422, '101 names; the limit is 100', () => run({ secrets: Array.from({ length: 101 }, () => 's') })],
    ['image of a run', 422, '513 characters; the limit is 512', () => run({ image: image(513) })],
    ['timeout', 422, '604801 s; the limit is 604800 s', () => run({ timeout: LIMITS.timeoutMaxS + 1 })],
    ['grace', 422, '0 to 3600 seconds; got 3600.001', () => run({ grace: LIMITS.graceMaxMs / 1000 + 0.001 })],
    ['body', 413, 'body is 2097153 bytes; the limit is 2097152', () => runText(bodyOf(LIMITS.bodyBytes + 1))],
    // A command of this size cannot get as far as its own limit.
    ['3 MiB command', 413, 'The body is', () => run({ command: x(3 * KIB * KIB) })],
    ['list', 400, 'a whole number', () => world.ask('GET', '/api/v1/executions?limit=1000000000000000')],
  ])('%s one beyond is refused with %i naming limit and size: %s', async (_, status, sentence, send) => {
    const answer = await send();
    expect(told(answer)).toEqual([status, expect.any(String), expect.stringContaining(sentence)]);
    expectForm(answer);
  });

  test('body holds for one that does not say how long it is', async () => {
    const chunk = `${(64 * KIB).toString(16)}\r\n${x(64 * KIB)}\r\n`;
    const head = `POST ${RUN} HTTP/1.1\r\nHost: localhost:${world.port}\r\nX-API-Key: ${world.credentials.admin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    const answer = await world.raw(head + chunk.repeat(33) + '0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('The body is more than 2097152 bytes, the limit.');
  });

  test('of an e-mail, an image reference and a page of a log holds on both sides', async () => {
    const user = (chars: number) => world.post('/api/v1/users/create', { email: email(chars), role: 'viewer' });
    const accepted = await user(LIMITS.emailChars);
    expect(accepted.status).toBe(201);
    world.keepSecret(accepted.body.claim_token);
    expect(told(await user(255))).toEqual([422, 'UNPROCESSABLE', 'email is 255 characters; the limit is 254.']);
    const register = (reference: string) =>
      world.post('/api/v1/images/register', { image: reference, is_default: false });
    expect((await register(image(LIMITS.imageChars))).status).toBe(201);
    expect(told(await register(image(513)))).toEqual([
      422,
      'UNPROCESSABLE',
      'image is 513 characters; the limit is 512.',
    ]);
    const { body } = await run({});
    const page = (limit: number) => world.ask('GET', `/api/v1/executions/${body.execution_id}/logs?limit=${limit}`);
    expect((await page(LIMITS.logPageLines)).status).toBe(200);
    const beyond = 'invalid limit parameter: a page has 1 to 10000 lines, got 10001';
    expect(told(await page(LIMITS.logPageLines + 1))).toEqual([400, 'INVALID_REQUEST', beyond]);
  });

  test('of a list there is none: it is read in pages within, and 0 means all, as in runvoy', async () => {
    for (const limit of [0, LIMITS.listPage, LIMITS.listPage + 1]) {
      expect((await world.ask('GET', `/api/v1/executions?limit=${limit}`)).status).toBe(200);
    }
  });

  test('is true of what runs: a command and an environment of exactly that size arrive whole', async () => {
    const tail = '; echo "$a$b" | wc -c; echo end';
    const command = `: ${x(LIMITS.commandBytes - 2 - tail.length)}${tail}`;
    const env = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((n) => [n, '\u0001'.repeat(LIMITS.envValueBytes - 1)]),
    );
    const accepted = await run({ command, env });
    expect(told(accepted)).toEqual([202, undefined, undefined]);
    const lines = texts(await follow(accepted.body.websocket_url).done);
    expect(lines.map((line) => line.trim())).toEqual([String(2 * LIMITS.envValueBytes - 1), 'end']);
  });

  function bodyOf(bytes: number): string {
    const frame = '{"command":"true","ignored":""}';
    return frame.replace('""', `"${x(bytes - frame.length)}"`);
  }
});

describe('a body', () => {
  test.each([
    ['nothing', '', 'body must be object'],
    ['half a document', '{"command":"echo', 'The body is not JSON'],
    ['two documents', '{"command":"a"}{"command":"b"}', 'The body is not JSON'],
    ['a trailing comma', '{"command":"a",}', 'The body is not JSON'],
    ['single quotes', "{'command':'a'}", 'The body is not JSON'],
    ['NaN', '{"command":"a","timeout":NaN}', 'The body is not JSON'],
    ['a raw line feed in a string', '{"command":"a\nb"}', 'The body is not JSON'],
    ['null', 'null', 'body must be object'],
    ['a list', '[]', 'body must be object'],
    ['a number for the command', '{"command":1}', 'body/command must be string'],
    ['null for the command', '{"command":null}', 'body/command must be string'],
    ['a list for the command', '{"command":["a"]}', 'body/command must be string'],
    ['no command', '{}', 'command'],
    ['an empty command', '{"command":"  "}', 'command is required'],
    ['a text for the timeout', '{"command":"a","timeout":"1"}', 'body/timeout must be integer'],
    ['half a second', '{"command":"a","timeout":1.5}', 'body/timeout must be integer'],
    ['true for the timeout', '{"command":"a","timeout":true}', 'body/timeout must be integer'],
    ['a number beyond all numbers', '{"command":"a","timeout":1e999}', 'body/timeout must be integer'],
    ['a grace beyond all numbers', '{"command":"a","grace":-1e999}', 'body/grace must be number'],
    ['a number in env', '{"command":"a","env":{"A":1}}', 'body/env/A must be string'],
    ['null in env', '{"command":"a","env":{"A":null}}', 'body/env/A must be string'],
    ['a number behind a name with a line feed', '{"command":"a","env":{"A\\nB":1}}', 'must be string'],
    ['a list for env', '{"command":"a","env":["A=1"]}', 'body/env must be object'],
    ['a text for secrets', '{"command":"a","secrets":"s"}', 'body/secrets must be array'],
    ['an isolation that is none', '{"command":"a","isolation":"none"}', 'body/isolation'],
    ['a name twice', '{"command":"a","command":"b"}', 'names "command" more than once'],
    ['a name twice, once in escapes', '{"command":"a","\\u0063ommand":"b"}', 'names "command" more than once'],
    ['a variable twice', '{"command":"a","env":{"A":"1","A":"2"}}', 'names "A" more than once'],
    ['__proto__', '{"command":"a","__proto__":{"isolation":"process"}}', 'prototype'],
    ['__proto__ in escapes', '{"command":"a","\\u005f_proto__":{}}', 'prototype'],
    ['__proto__ in env', '{"command":"a","env":{"__proto__":"x"}}', 'prototype'],
    ['constructor.prototype', '{"command":"a","constructor":{"prototype":{}}}', 'prototype'],
    ['half a surrogate pair', '{"command":"echo \\ud800"}', 'half a surrogate pair'],
    ['100,000 lists in each other', `{"command":"a","x":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 'deeper than 32'],
    ['100,000 objects in each other', `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`, 'deeper than 32'],
    ['100,000 lists that never close', `{"command":"a","x":${'['.repeat(1e5)}`, 'The body is not JSON'],
  ])('of %s is refused with 400', async (_, text, sentence) => {
    const answer = await runText(text);
    expect(told(answer)).toEqual([400, 'INVALID_REQUEST', expect.stringContaining(sentence)]);
    expectForm(answer);
  });

  test.each([
    ['no UTF-8', Buffer.from([0x80])],
    ['a character in more bytes than it needs', Buffer.from([0xc0, 0xaf])],
    ['half a pair in UTF-8', Buffer.from([0xed, 0xa0, 0x80])],
    ['the first byte of a longer character', Buffer.from([0xe2])],
  ])('with %s is refused with 400, and not repaired', async (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"command":"echo '), bytes, Buffer.from('"}')]);
    expect(told(await runText(body))).toEqual([400, 'INVALID_REQUEST', 'The body is not UTF-8.']);
  });

  test.each([
    ['a NUL in the command', { command: 'echo \0' }, 'holds a NUL byte'],
    ['a NUL in a value', { env: { A: '\0' } }, 'the value of A holds a NUL byte'],
    ['an equals sign in a name', { env: { 'A=B': 'c' } }, '"A=B" is not a variable name'],
    ['a line feed in a name', { env: { 'A\nB': 'c' } }, 'is not a variable name'],
    ['an empty name', { env: { '': 'c' } }, '"" is not a variable name'],
    ['a negative timeout', { timeout: -1 }, 'got -1'],
    ['a timeout of 2^63', { timeout: 2 ** 63 }, 'the limit is 604800 s'],
    ['a negative grace', { grace: -1 }, 'got -1'],
    ['a git URL that is an option', { git_repo: '--upload-pack=touch /tmp/x' }, 'is not a URL'],
    ['an image that needs a container', { image: 'a/b:c' }, undefined],
  ])('with %s is refused, naming it', async (_, fields, sentence) => {
    const answer = await run(fields);
    if (sentence === undefined) expect(told(answer).slice(0, 2)).toEqual([404, 'IMAGE_NOT_FOUND']);
    else expect(told(answer)).toEqual([422, 'UNPROCESSABLE', expect.stringContaining(sentence)]);
    expectForm(answer);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'application/jsonp',
    'x',
  ])('of type %s, which a page of another site could send, is refused with 415', async (type) => {
    const answer = await world.ask('POST', RUN, { headers: { 'Content-Type': type }, body: '{"command":"true"}' });
    expect(told(answer).slice(0, 2)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expectForm(answer);
  });

  test('with names that objects have anyway stays what it is: text', async () => {
    const env = { constructor: 'c', toString: 't', hasOwnProperty: 'h', valueOf: 'v' };
    const accepted = await run({ command: 'echo "$constructor$toString$hasOwnProperty$valueOf"', env });
    expect(texts(await follow(accepted.body.websocket_url).done)).toEqual(['cthv']);
  });

  test('is the same under one Idempotency-Key whatever the order of its fields, and another body is refused', async () => {
    const headers = { 'Idempotency-Key': 'hostile-1' };
    const first = await run({ env: { A: '1' }, ignored: [[[[1]]]] }, headers);
    const again = await world.ask('POST', RUN, {
      headers,
      body: '{"ignored":[[[[1]]]],"env":{"A":"1"},"command":"true"}',
    });
    expect(again.body.execution_id).toBe(first.body.execution_id);
    expect(told(await run({ env: { A: '2' } }, headers)).slice(0, 2)).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    expect(told(await run({}, { 'Idempotency-Key': '' })).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
  });

  test('with an image of a million colons costs no time', async () => {
    const startedAt = performance.now();
    expect((await run({ image: ':'.repeat(1_900_000) })).status).toBe(422);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test.each(['.', '..', '__x__', '__a@b__', 'half \ud83d', 'x'.repeat(1_000_000), '\0', 'é'.repeat(2_000)])(
    'that revokes a user no store could hold is answered as for any unknown user',
    async (email) => {
      const answer = await world.post('/api/v1/users/revoke', { email });
      expect([400, 404]).toContain(answer.status);
      expectForm(answer);
    },
  );

  test.each(['a\u001b[2J@b', 'a\0@b', 'a b@c', '<a@b>', '@', 'a@', ''])(
    'that creates a user %j is refused: it would reach terminals and pages',
    async (email) => {
      const answer = await world.post('/api/v1/users/create', { email, role: 'viewer' });
      expect(told(answer).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
    },
  );
});

describe('a query', () => {
  test.each(['limit=-1', 'limit=1e3', 'limit=0x10', 'limit=%31%00', 'limit=1&limit=2', 'limit[]=1', 'limit={5000 9}'])(
    '%s is refused with 400, never guessed',
    async (query) => {
      const { status, body } = await world.ask('GET', `/api/v1/executions?${repeated(query)}`);
      expect([query, status]).toEqual([query, 400]);
      expect(body.details.length).toBeLessThan(300);
    },
  );

  test('with a status named five hundred times lists each run once', async () => {
    await world.server.finished((await run({})).body.execution_id);
    const { status, body } = await world.ask(
      'GET',
      `/api/v1/executions?limit=0&status=${Array(500).fill('SUCCEEDED').join(',')}`,
    );
    expect(status).toBe(200);
    const ids = body.map((execution: { execution_id: string }) => execution.execution_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(0);
  });
});

describe('a path', () => {
  test.each([
    ['/nowhere', 404, 'NOT_FOUND'],
    ['/api/v1/nowhere', 404, 'NOT_FOUND'],
    ['/api/v2/run', 404, 'NOT_FOUND'],
    ['/api%2fv1%2fhealth', 404, 'NOT_FOUND'],
    ['/api/v1/../../etc/passwd', 404, 'NOT_FOUND'],
    ['//evil.example.com/%0d%0aSet-Cookie:%20a=b', 404, 'NOT_FOUND'],
    ['/api/v1/executions/%2e%2e', 404, 'EXECUTION_NOT_FOUND'],
    ['/api/v1/executions/..', 404, 'EXECUTION_NOT_FOUND'],
    ['/api/v1/executions/%00', 404, 'EXECUTION_NOT_FOUND'],
    ['/api/v1/executions/..%2f..%2fusers', 404, 'EXECUTION_NOT_FOUND'],
    ['/api/v1/executions/__proto__', 404, 'EXECUTION_NOT_FOUND'],
    ['/api/v1/executions/%zz', 400, 'INVALID_REQUEST'],
    ['/api/v1/executions/%', 400, 'INVALID_REQUEST'],
    ['/api/v1/executions/%ED%A0%80', 400, 'INVALID_REQUEST'],
    ['/api/v1/images/%2e%2e', 404, 'IMAGE_NOT_FOUND'],
    ['/api/v1/images/%00', 404, 'IMAGE_NOT_FOUND'],
    ['/api/v1/images/__x__', 404, 'IMAGE_NOT_FOUND'],
    ['/api/v1/images/{340 %3A}', 404, 'IMAGE_NOT_FOUND'],
    ['/api/v1/executions/{1025 a}', 414, 'URI_TOO_LONG'],
    ['/api/v1/images/{600 %3A}', 422, 'UNPROCESSABLE'],
    ['/api/v1/executions?limit={16400 1}', 431, 'HEADERS_TOO_LARGE'],
    // The event intake is on its Unix socket only.
    ['/events', 404, 'NOT_FOUND'],
    ['/events/tick', 404, 'NOT_FOUND'],
    ['/runner/v1/executions/{32 a}/logs', 404, 'NOT_FOUND'],
  ])('%s is answered in the form of all errors with %i', async (path, status, code) => {
    const answer = await world.ask('GET', repeated(path));
    expect(told(answer)).toEqual([status, code, expect.any(String)]);
    expectForm(answer);
    expect([answer.headers.location, answer.headers['set-cookie']]).toEqual([undefined, undefined]);
  });

  test.each(['bootstrap', 'logs', 'heartbeat', 'finished'])(
    'of the intake, %s, is not there for a POST over TCP, nor are events',
    async (kind) => {
      for (const path of [`/runner/v1/executions/${'a'.repeat(32)}/${kind}`, '/events', '/events/tick']) {
        expect(told(await world.post(path, {})).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
      }
    },
  );

  test.each([
    ['GET', RUN, 'POST'],
    ['PUT', '/api/v1/executions', 'GET, HEAD'],
    ['POST', '/api/v1/executions/x', 'DELETE, GET, HEAD'],
    ['PATCH', '/api/v1/health/', 'GET, HEAD'],
    ['HEAD', '/api/v1/claim/abc', 'GET, POST'],
    ['DELETE', '/api/v1/users/create', 'GET, HEAD, POST'],
    ['PROPFIND', '/api/v1/users', 'GET, HEAD'],
  ])('that does not answer %s is 405 and says what it answers: %s', async (method, path, allowed) => {
    const answer = await world.ask(method, path);
    expect([answer.status, answer.headers.allow]).toEqual([405, allowed]);
    if (method !== 'HEAD') expectForm(answer);
  });

  test.each(['/api/v1/run', '/nowhere', '/', '*', '/api/v1/executions/%00'])(
    '%s answers OPTIONS with 200 and nothing, without a key, as runvoy does',
    async (path) => {
      const { status, text } = await world.ask('OPTIONS', path, { headers: { 'X-API-Key': '' } });
      expect([status, text]).toEqual([200, '']);
    },
  );

  test('that can be read answers HEAD with the head alone, also where the answer is a stream', async () => {
    const { execution_id } = (await run({ command: 'echo hi' })).body;
    await world.server.finished(execution_id);
    for (const path of ['/api/v1/health', `/api/v1/executions/${execution_id}/logs`]) {
      const { status, text } = await world.ask('HEAD', path);
      expect([path, status, text]).toEqual([path, 200, '']);
    }
    expect((await world.ask('HEAD', '/api/v1/executions', { headers: { 'X-API-Key': '' } })).status).toBe(401);
  });

  test.each([
    '/../package.json',
    '/..%2f..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/../../package.json',
    '/%2e%2e%2f%2e%2e%2fsrc/main.tsx',
    '//etc/passwd',
    '/%00',
    '/index.html%00.png',
    '/.git/config',
    '/assets/',
    '/assets',
  ])('%s leads to no file outside the console', async (path) => {
    const answer = await world.ask('GET', path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expectForm(answer);
  });
});

describe('a page of another site', () => {
  const ours = () => `http://localhost:${world.port}`;

  test.each(['evil.example.com', 'localhost.evil.example.com', '127.0.0.1:1', '169.254.169.254', 'user@localhost'])(
    'that reaches us under the name %s, as a rebound one would, is answered 421',
    async (host) => {
      for (const path of ['/api/v1/health', '/', '/nowhere']) {
        const answer = await world.ask('GET', path, { headers: { Host: host } });
        expect(told(answer).slice(0, 2)).toEqual([421, 'MISDIRECTED']);
        expectForm(answer);
      }
    },
  );

  test.each([
    'http://evil.example.com',
    'null',
    'http://localhost',
    'http://localhost:1',
    'file://',
    'HTTP://EVIL.example.com',
  ])('may change nothing from %s', async (origin) => {
    const headers = { Origin: origin };
    for (const [method, path] of [
      ['POST', RUN],
      ['DELETE', `/api/v1/executions/${'a'.repeat(32)}`],
      ['POST', '/api/v1/claim/abc'],
    ] as const) {
      const answer = await world.ask(method, path, { headers });
      expect(told(answer).slice(0, 2)).toEqual([403, 'FOREIGN_ORIGIN']);
      expectForm(answer);
    }
  });

  test('gets no header that would let it read an answer', async () => {
    const headers = { Origin: 'http://evil.example.com' };
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await world.ask(method, '/api/v1/health', { headers });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('opens no live view, and our own page does', async () => {
    const { execution_id, websocket_url } = (await run({ command: 'echo hi' })).body;
    world.keepSecret(new URL(websocket_url).searchParams.get('token')!);
    await world.server.finished(execution_id);
    const path = websocket_url.slice(websocket_url.indexOf('/stream'));
    for (const origin of ['http://evil.example.com', 'null', 'http://localhost', 'http://127.0.0.1:1']) {
      const refused = await upgrade(path, { Origin: origin });
      expect([refused.status, refused.body.code]).toEqual([403, 'FOREIGN_ORIGIN']);
    }
    const rebound = await upgrade(path, { Host: `evil.example.com:${world.port}` });
    expect([rebound.status, rebound.body.code]).toEqual([421, 'MISDIRECTED']);
    expect((await upgrade(path, { Origin: ours() })).status).toBe(101);
  });
});

describe('a credential', () => {
  const whoAmI = (key: string) => world.ask('GET', '/api/v1/executions', { headers: { 'X-API-Key': key } });

  test.each([
    ['none', () => '', 'UNAUTHORIZED'],
    ['of no form', () => 'admin', 'INVALID_API_KEY'],
    ['of the right form that nobody has', () => `rvy_${'a'.repeat(20)}_${'A'.repeat(43)}`, 'INVALID_API_KEY'],
    [
      'with another secret',
      () => world.credentials.admin.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
      'INVALID_API_KEY',
    ],
    ['with something behind it', () => `${world.credentials.admin}x`, 'INVALID_API_KEY'],
    ['given twice', () => `${world.credentials.admin}, ${world.credentials.admin}`, 'INVALID_API_KEY'],
    ['that is revoked', () => world.credentials.revokedKey, 'API_KEY_REVOKED'],
    ['that has expired', () => world.credentials.expiredKey, 'INVALID_API_KEY'],
    ['of a revoked user', () => world.credentials.revokedUser, 'API_KEY_REVOKED'],
  ])('%s is refused with 401', async (_, key, code) => {
    const answer = await whoAmI(key());
    expect(told(answer).slice(0, 2)).toEqual([401, code]);
    expectForm(answer);
  });

  test('in the query, in a cookie or as a bearer token is ignored', async () => {
    const { admin } = world.credentials;
    const headers = { 'X-API-Key': '', Authorization: `Bearer ${admin}`, Cookie: `X-API-Key=${admin}` };
    for (const name of ['api_key', 'X-API-Key', 'x-api-key', 'key', 'token']) {
      const answer = await world.ask('GET', `/api/v1/executions?${name}=${admin}`, { headers });
      expect(told(answer).slice(0, 2)).toEqual([401, 'UNAUTHORIZED']);
    }
  });

  test('of a developer neither runs unprotected commands nor sees, stops or watches what is not theirs', async () => {
    const headers = { 'X-API-Key': world.credentials.developer };
    const { execution_id } = (await run({})).body;
    const answers = [
      await run({}, headers),
      await world.ask('GET', `/api/v1/executions/${execution_id}`, { headers }),
      await world.ask('GET', `/api/v1/executions/${execution_id}/logs`, { headers }),
      await world.ask('DELETE', `/api/v1/executions/${execution_id}`, { headers }),
      await world.ask('GET', `/api/v1/executions/${'a'.repeat(32)}`, { headers }),
      await world.ask('GET', '/api/v1/users', { headers }),
      await world.post('/api/v1/users/create', { email: 'a@example.com', role: 'admin' }, headers),
      await world.post('/api/v1/images/register', { image: 'alpine' }, headers),
    ];
    expect(answers.map((answer) => told(answer).slice(0, 2))).toEqual(answers.map(() => [403, 'FORBIDDEN']));
  });

  test('that is a claim works once, and not when it is expired, foreign or hidden behind an encoding', async () => {
    const claim = (token: string) => world.ask('POST', `/api/v1/claim/${token}`, { headers: { 'X-API-Key': '' } });
    expect(told(await claim(world.credentials.expiredClaim)).slice(0, 2)).toEqual([404, 'CLAIM_NOT_FOUND']);
    for (const token of ['x', '%00', '..%2f', 'A'.repeat(43)]) {
      expect(told(await claim(token)).slice(0, 2)).toEqual([404, 'CLAIM_NOT_FOUND']);
    }
    const link = await world.ask('POST', '/api/v1/users/login-link');
    const token = world.keepSecret(link.body.claim_token);
    const both = await Promise.all([claim(token), claim(token)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const { body, headers } = both.find(({ status }) => status === 200)!;
    expect(headers['cache-control']).toBe('no-store');
    expect((await whoAmI(world.keepSecret(body.api_key))).status).toBe(200);
    expect(told(await claim(token)).slice(0, 2)).toEqual([409, 'CLAIM_USED']);
    expect(told(await whoAmI(token)).slice(0, 2)).toEqual([401, 'INVALID_API_KEY']);
  });

  test('stops working with the next request after its user was revoked, and so does every ticket', async () => {
    const created = await world.post('/api/v1/users/create', { email: 'leaver@example.com', role: 'operator' });
    const claimed = await world.ask('POST', `/api/v1/claim/${world.keepSecret(created.body.claim_token)}`);
    const headers = { 'X-API-Key': world.keepSecret(claimed.body.api_key as string) };
    const { execution_id } = (await run({ command: 'sleep 60', grace: 0 })).body;
    const logs = await world.ask('GET', `/api/v1/executions/${execution_id}/logs?limit=1`, { headers });
    expect(logs.status).toBe(200);
    await world.post('/api/v1/users/revoke', { email: 'leaver@example.com' });
    expect(told(await world.ask('GET', '/api/v1/executions', { headers })).slice(0, 2)).toEqual([
      401,
      'API_KEY_REVOKED',
    ]);
    const stream = await upgrade(logs.body.websocket_url.replace(/^.*(?=\/stream)/, ''), {});
    expect([stream.status, stream.body.code]).toEqual([401, 'API_KEY_REVOKED']);
    await world.ask('DELETE', `/api/v1/executions/${execution_id}`);
  });

  test('that is a ticket opens one log for 15 minutes and nothing else', async () => {
    const [one, other] = [(await run({})).body, (await run({})).body];
    const ticket = world.keepSecret(new URL(one.websocket_url).searchParams.get('token')!);
    const stream = (id: string, token: string) => upgrade(`/stream?execution_id=${id}&token=${token}`, {});
    const foreign = await stream(other.execution_id, ticket);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'FORBIDDEN']);
    const [payload, mac] = ticket.split('.') as [string, string];
    const widened = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace(one.execution_id, other.execution_id),
    ).toString('base64url');
    for (const forged of [
      `${widened}.${mac}`,
      `${payload}.${mac.replace(/./, 'x')}`,
      payload,
      `${payload}.`,
      `.${mac}`,
      'x.y',
      'bnVsbA.x',
      ticket + '.x',
    ]) {
      const refused = await stream(forged.startsWith(widened) ? other.execution_id : one.execution_id, forged);
      expect([forged.slice(-20), refused.status, refused.body.code]).toEqual([forged.slice(-20), 401, 'UNAUTHORIZED']);
    }
    const keys = await openSigningKeys(join(world.server.ready.data_dir, 'signing-keys.json'));
    const expired = issueTicket(keys, {
      execution_id: one.execution_id,
      user_email: 'admin@example.com',
      key_id: world.credentials.admin.split('_')[1]!,
      expires_at_ms: Date.now(),
    });
    expect((await stream(one.execution_id, expired)).status).toBe(401);
    expect((await stream(one.execution_id, world.credentials.admin)).status).toBe(401);
    expect(told(await whoAmI(ticket)).slice(0, 2)).toEqual([401, 'INVALID_API_KEY']);
    expect((await stream(one.execution_id, ticket)).status).toBe(101);
  });

  test('lies in files and a socket that only their owner may open', () => {
    const { intake_socket } = JSON.parse(readFileSync(join(world.server.ready.data_dir, 'server.json'), 'utf8'));
    expect(statSync(intake_socket as string).mode & 0o777).toBe(0o600);
    for (const name of ['runvoy.sqlite', 'vault-keys.json', 'signing-keys.json', 'client.json']) {
      expect([name, statSync(join(world.server.ready.data_dir, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });
});

describe('an upgrade', () => {
  test.each([
    ['/nowhere', {}, 404, 'NOT_FOUND'],
    ['/stream', {}, 400, 'INVALID_REQUEST'],
    ['/stream?execution_id=x', {}, 401, 'UNAUTHORIZED'],
    ['/stream?execution_id=x&execution_id=y&token=z', {}, 401, 'UNAUTHORIZED'],
    ['/%zz', {}, 404, 'NOT_FOUND'],
    ['/api/v1/health', { Upgrade: 'h2c' }, 404, 'NOT_FOUND'],
  ])('of %s is refused in the form of all errors', async (path, headers, status, code) => {
    const answer = await upgrade(path, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.details).toEqual(expect.any(String));
  });

  test('in another subprotocol, version or without a key is refused with 400', async () => {
    const { websocket_url } = (await run({})).body;
    const path = websocket_url.replace(/^.*(?=\/stream)/, '');
    for (const headers of [
      { 'Sec-WebSocket-Protocol': 'chat' },
      { 'Sec-WebSocket-Key': 'short' },
      { 'Sec-WebSocket-Version': '99' },
    ]) {
      expect([headers, (await upgrade(path, headers)).status]).toEqual([headers, 400]);
    }
  });
});

test('after all of it the server is unharmed, and its log holds no key, claim, ticket or value', async () => {
  const value = world.keepSecret('value-of-a-variable-7f3a');
  await world.server.finished((await run({ env: { PLAIN: value, MY_TOKEN: `${value}-2` } })).body.execution_id);
  await world.expectUnharmed();
});

/** `{3 a}` stands for aaa: titles stay short. */
function repeated(text: string): string {
  return text.replace(/\{(\d+) (.+?)\}/, (_, count: string, what: string) => what.repeat(Number(count)));
}

/** Asks for a WebSocket; resolves with the answer's status, and its body when it is refused. */
async function upgrade(path: string, headers: Record<string, string>): Promise<Pick<Answer, 'status' | 'body'>> {
  const all = {
    Host: `localhost:${world.port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': STREAM_PROTOCOL,
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = await world.connect();
  socket.write(`GET ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  let received = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received += chunk.toString('latin1');
    if (received.startsWith('HTTP/1.1 101')) break;
  }
  socket.destroy();
  const text = received.slice(received.indexOf('\r\n\r\n') + 4);
  const status = Number(received.slice(9, 12));
  return { status, body: status === 101 ? undefined : JSON.parse(text) };
}
