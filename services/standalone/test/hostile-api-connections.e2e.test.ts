import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newHttpApp, PATIENCE, silentLogger } from '@runvoy/runtime';
import { everything, openHostileWorld, type HostileWorld } from './hostile-world.ts';
import { poll } from './server.ts';
import { follow, texts } from './follower.ts';

let world: HostileWorld;
beforeAll(async () => {
  world = await openHostileWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

const CRLF = '\r\n';
const head = (...lines: string[]) => [...lines, '', ''].join(CRLF);
const host = () => `Host: 127.0.0.1:${world.port}`;
const key = () => `X-API-Key: ${world.credentials.admin}`;
const health = (...headers: string[]) => head('GET /api/v1/health HTTP/1.1', host(), ...headers);
const run = (length: number, ...headers: string[]) =>
  head(
    'POST /api/v1/run HTTP/1.1',
    host(),
    key(),
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    ...headers,
  );

/** The statuses of all answers in what came. */
const statuses = (received: string) => [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

describe('bytes that are no proper request', () => {
  test.each([
    ['noise', () => '\0\x01\x02\xff\xfe'.repeat(50)],
    ['a TLS greeting', () => Buffer.from('1603010200010001fc0303', 'hex')],
    ['a start of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['another version', () => `GET / HTTP/9.9${CRLF}${host()}${CRLF}${CRLF}`],
    ['a method nobody knows', () => head('FOO / HTTP/1.1', host())],
    ['a space before a colon', () => health('X-A : b')],
    ['a line feed in a header', () => health('X-A: b\nX-B: c\x00')],
    ['a folded header', () => health('X-A: b', ' c')],
    ['two lengths', () => run(5, 'Content-Length: 6') + '12345'],
    ['a length and chunks', () => run(5, 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
    ['a negative length', () => run(-1)],
    ['chunks of no size', () => head('POST /api/v1/run HTTP/1.1', host(), 'Transfer-Encoding: chunked') + 'zz\r\n'],
    ['an unknown transfer encoding', () => head('POST /api/v1/run HTTP/1.1', host(), 'Transfer-Encoding: gzip')],
  ])('%s: 400 in the form of all errors, and the connection is closed', async (_, bytes) => {
    const received = await world.raw(bytes());
    expect(statuses(received)).toEqual([400]);
    expect(received).toContain('"code":"INVALID_REQUEST"');
    expect(received).toContain('Connection: close');
  });

  test('a head of 17 KiB: 431 naming the limit', async () => {
    for (const request of [health(`X-A: ${'a'.repeat(17_000)}`), head(`GET /${'a'.repeat(17_000)} HTTP/1.1`, host())]) {
      const received = await world.raw(request);
      expect(statuses(received)).toEqual([431]);
      expect(received).toContain('URL and headers are more than 16384 bytes together, the limit.');
    }
  });

  test('no host, and a host that is given twice: the first counts, and none is not ours', async () => {
    const none = await world.raw(head('GET /api/v1/health HTTP/1.1', 'Connection: close'));
    expect([statuses(none), none.includes('"code":"MISDIRECTED"')]).toEqual([[421], true]);
    expect(statuses(await world.raw(head('GET /api/v1/health HTTP/1.0')))).toEqual([421]);
    const twice = head('GET /api/v1/health HTTP/1.1', 'Host: evil.example.com', host(), 'Connection: close');
    expect(statuses(await world.raw(twice))).toEqual([421]);
    const absolute = head(
      'GET http://evil.example.com/api/v1/health HTTP/1.1',
      'Host: evil.example.com',
      'Connection: close',
    );
    expect(statuses(await world.raw(absolute))).toEqual([421]);
  });

  test('CONNECT: 405, for this is no proxy', async () => {
    const received = await world.raw(head('CONNECT 169.254.169.254:80 HTTP/1.1', host()));
    expect([statuses(received), received.includes('METHOD_NOT_ALLOWED')]).toEqual([[405], true]);
  });
});

describe('a connection', () => {
  test('with a hundred requests at once gets a hundred answers in order', async () => {
    const paths = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? '/api/v1/health' : `/nowhere/${i}`));
    const requests = paths.map((path, i) =>
      head(`GET ${path} HTTP/1.1`, host(), ...(i === 99 ? ['Connection: close'] : [])),
    );
    const received = await world.raw(requests.join(''));
    expect(statuses(received)).toEqual(paths.map((_, i) => (i % 2 === 0 ? 200 : 404)));
    const named = [...received.matchAll(/GET \/nowhere\/(\d+)\./g)].map((match) => Number(match[1]));
    expect(named).toEqual(paths.flatMap((_, i) => (i % 2 === 0 ? [] : [i])));
  });

  test('with nonsense behind a good request answers the good one and closes', async () => {
    expect(statuses(await world.raw(`${health()}garbage${CRLF}${CRLF}`))).toEqual([200, 400]);
  });

  test('that is cut in the middle of a request starts nothing', async () => {
    const before = await world.server.call<unknown[]>('GET', '/api/v1/executions?limit=0');
    const body = JSON.stringify({ command: 'echo never' });
    for (const bytes of [run(body.length).slice(0, 40), run(body.length), run(body.length) + body.slice(0, -1)]) {
      const socket = await world.connect();
      socket.end(bytes);
      await everything(socket);
    }
    expect(await world.server.call<unknown[]>('GET', '/api/v1/executions?limit=0')).toHaveLength(before.length);
  });

  test('that is gone before its answer leaves a run that was accepted running to its end', async () => {
    const body = JSON.stringify({ command: 'echo still there' });
    const socket = await world.connect();
    socket.write(run(body.length, 'Idempotency-Key: gone') + body, () => socket.resetAndDestroy());
    await once(socket, 'close');
    // 409 while the first is being stored.
    const again = await poll(async () => {
      const answer = await world.post('/api/v1/run', { command: 'echo still there' }, { 'Idempotency-Key': 'gone' });
      return answer.status === 409 ? undefined : answer;
    });
    expect(texts(await follow(again.body.websocket_url).done)).toEqual(['still there']);
  });

  test('to another loopback address than the one it listens on is refused', async () => {
    const socket = connect(world.port, '127.0.0.2');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/ECONNREFUSED|EADDRNOTAVAIL|ETIMEDOUT/);
  });

  test('of a viewer that sends garbage, too much or no mask is closed, and others go on', async () => {
    const { execution_id, websocket_url } = await world.server.run({ command: 'sleep 60', grace: 0 });
    const path = websocket_url.replace(/^.*(?=\/stream)/, '');
    const upgrade = head(
      `GET ${path} HTTP/1.1`,
      host(),
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    );
    const other = follow(websocket_url);
    for (const frame of [
      'ffffffffffff',
      '810568656c6c6f',
      '82ff7fffffffffffffff00000000',
      '81fe200000000000',
      '8a00c100',
    ]) {
      const socket = await world.connect();
      const received = everything(socket);
      socket.write(upgrade);
      await once(socket, 'data');
      socket.write(Buffer.from(frame, 'hex'));
      expect(statuses(await received)).toEqual([101]);
    }
    await world.ask('DELETE', `/api/v1/executions/${execution_id}`);
    expect((await other.done).end?.completeness).toBe('complete');
  });

  test('beside two thousand idle ones is answered as if it were alone', async () => {
    const idle: Socket[] = [];
    for (let batch = 0; batch < 20; batch += 1) {
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => world.connect()))));
    }
    expect((await world.ask('GET', '/api/v1/health')).status).toBe(200);
    const { websocket_url } = await world.server.run('echo among many');
    expect(texts(await follow(websocket_url).done)).toEqual(['among many']);
    const gone = idle.map((socket) => once(socket, 'close'));
    for (const socket of idle) socket.destroy();
    await Promise.all(gone);
  });
});

describe('a peer that trickles', () => {
  const patience = { headersMs: 300, requestMs: 600, checkMs: 50 };

  test.each([
    ['nothing at all', '', ''],
    ['its headers', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
    [
      'its body',
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n',
      ' ',
    ],
    [
      'its chunks',
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\n \r\n',
    ],
    ['a second request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n', 'X-A: b\r\n'],
  ])('%s loses its connection with 408 within the bound', async (_, first, drop) => {
    const app = newHttpApp({ logger: silentLogger, patience });
    app.post('/echo', async (request) => request.body ?? null);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    const startedAt = performance.now();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const received = everything(socket);
    socket.write(first);
    const trickle = setInterval(() => socket.writable && drop !== '' && socket.write(drop), 20);
    const answer = await received;
    clearInterval(trickle);
    await app.close();
    expect(statuses(answer).at(-1)).toBe(408);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    // Generous to a busy machine; without a bound it would never come.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test('has at most 12.5 s for its headers and 32.5 s for its body on a real server', async () => {
    expect(PATIENCE).toEqual({ headersMs: 10_000, requestMs: 30_000, checkMs: 2_500 });
    const app = newHttpApp({ logger: silentLogger });
    expect([app.server.headersTimeout, app.server.requestTimeout]).toEqual([10_000, 30_000]);
    await app.close();
  });
});

test('after all of it the server is unharmed', async () => {
  await world.expectUnharmed();
});
