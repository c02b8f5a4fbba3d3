import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Failure } from '@runvoy/core';
import type { FastifyInstance } from 'fastify';
import { newHttpApp, newLogger, silentLogger, type Logger } from '../src/index.ts';

let app: FastifyInstance;
afterEach(() => app.close());

const SIZES = [{ const: 'small' }, { const: 'large' }];

function openApp(logger: Logger = silentLogger): FastifyInstance {
  app = newHttpApp({ logger });
  app.post('/echo', async (request) => ({ body: request.body ?? null }));
  app.delete('/things/:id', async (request) => ({ id: (request.params as { id: string }).id }));
  app.get('/fail', async () => {
    throw new Failure('CONFLICT', 'taken');
  });
  app.get('/crash', async () => {
    throw new Error('the password is hunter2');
  });
  app.post(
    '/typed',
    {
      schema: {
        body: {
          type: 'object',
          properties: { n: { type: 'integer' }, role: { enum: ['admin', 'viewer'] }, size: { anyOf: SIZES } },
        },
      },
    },
    async () => ({}),
  );
  return app;
}

const json = { 'content-type': 'application/json' };

describe('an HTTP application', () => {
  test.each(['POST', 'DELETE'] as const)('accepts an empty body under a JSON content type on %s', async (method) => {
    const url = method === 'POST' ? '/echo' : '/things/a';
    expect((await openApp().inject({ method, url, headers: json })).statusCode).toBe(200);
  });

  test('answers with and without a trailing slash', async () => {
    expect((await openApp().inject({ method: 'POST', url: '/echo/', headers: json })).statusCode).toBe(200);
  });

  test('refuses what is not JSON, and says so', async () => {
    const answer = await openApp().inject({ method: 'POST', url: '/echo', headers: json, payload: '{"a":' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'INVALID_REQUEST', details: expect.stringContaining('not JSON') });
  });

  test.each([
    ['{"role":"boss"}', 'body/role must be one of: admin, viewer'],
    ['{"size":"medium"}', 'body/size must be one of: small, large'],
  ])('refuses %s, listing what it may be', async (payload, details) => {
    const answer = await openApp().inject({ method: 'POST', url: '/typed', headers: json, payload });
    expect([answer.statusCode, answer.json().details]).toEqual([400, details]);
  });

  test('does not take a packed body for one that is not UTF-8', async () => {
    const headers = { ...json, 'content-encoding': 'gzip' };
    const payload = gzipSync('{"n":1}');
    const answer = await openApp().inject({ method: 'POST', url: '/echo', headers, payload });
    expect([answer.statusCode, answer.json().details]).toEqual([415, expect.stringContaining('packed as gzip')]);
  });

  test('refuses a body that would reach into prototypes', async () => {
    const answer = await openApp().inject({
      method: 'POST',
      url: '/echo',
      headers: json,
      payload: '{"__proto__":{"admin":true}}',
    });
    expect(answer.statusCode).toBe(400);
  });

  test('does not turn a string into the number that was asked for', async () => {
    const answer = await openApp().inject({ method: 'POST', url: '/typed', headers: json, payload: '{"n":"1"}' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ details: expect.stringContaining('body/n must be integer') });
  });

  test('refuses a body that is too large with 413', async () => {
    const payload = JSON.stringify({ a: 'x'.repeat(3 * 1024 * 1024) });
    const answer = await openApp().inject({ method: 'POST', url: '/echo', headers: json, payload });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  test('takes the rest of a body that is too large off the wire, so that its sender can read the refusal', async () => {
    await openApp().listen({ port: 0, host: '127.0.0.1' });
    const body = Buffer.alloc(3 * 1024 * 1024, 'x');
    const head = (length: number) =>
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const { port } = app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    let answers = '';
    socket.on('data', (chunk) => (answers += chunk));
    const answered = async (what: string) => {
      while (!answers.includes(what)) await once(socket, 'data', { signal: AbortSignal.timeout(10_000) });
    };
    socket.write(head(body.length));
    await answered('HTTP/1.1 413');
    socket.write(body);
    // Only who has read all of the body finds the next request behind it.
    socket.write(`${head(2)}{}`);
    await answered('HTTP/1.1 200');
    socket.destroy();
  });

  test('refuses another media type with 415', async () => {
    const answer = await openApp().inject({
      method: 'POST',
      url: '/echo',
      headers: { 'content-type': 'text/xml' },
      payload: '<a/>',
    });
    expect(answer.statusCode).toBe(415);
  });

  test('answers a failure with its code, status, request id and the members of RFC 9457', async () => {
    const answer = await openApp().inject({ url: '/fail' });
    expect(answer.statusCode).toBe(409);
    const requestId = answer.headers['x-request-id'];
    expect(requestId).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.json()).toEqual({
      error: 'Conflict',
      code: 'CONFLICT',
      details: 'taken',
      request_id: requestId,
      type: 'urn:runvoy:error:CONFLICT',
      title: 'Conflict',
      status: 409,
    });
  });

  test('tells the caller nothing of an unexpected error, and the operator everything', async () => {
    const lines: string[] = [];
    const answer = await openApp(newLogger('info', (line) => lines.push(line))).inject({ url: '/crash' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
    expect(lines.join('')).toContain('hunter2');
    expect(lines.join('')).toContain(answer.json().request_id);
  });

  test('answers an unknown path with 404 in the same form', async () => {
    const answer = await openApp().inject({ url: '/nowhere' });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', details: 'Nothing answers GET /nowhere.' });
  });
});
