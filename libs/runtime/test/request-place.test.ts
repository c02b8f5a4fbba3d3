import { afterEach, describe, expect, test } from '@jest/globals';
import { Failure } from '@runvoy/core';
import {
  newHttpApp,
  newLogger,
  silentLogger,
  type HttpAppOptions,
  type SpanStart,
  type Tracing,
} from '../src/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
type Told = SpanStart & { readonly ended: Record<string, unknown> };

/** Keeps what it is told; records what is not below a span that is not recorded. */
function keeper(): { readonly tracing: Tracing; readonly spans: Told[] } {
  const spans: Told[] = [];
  const open: Tracing['open'] = (start) => {
    const span = { ...start, ended: {} as Record<string, unknown> };
    const isRecorded = !start.parent?.endsWith('-00');
    const traceId = start.parent?.split('-')[1] ?? start.traceId;
    return {
      traceparent: `00-${traceId}-${start.spanId}-${isRecorded ? '01' : '00'}`,
      isRecorded,
      set: (attributes) => void Object.assign(span.ended, attributes),
      end: (how = {}) => void spans.push({ ...span, ended: { ...span.ended, ...how } }),
    };
  };
  return { tracing: { open }, spans };
}

let app: ReturnType<typeof newHttpApp>;
afterEach(() => app.close());

function openApp(options: Partial<HttpAppOptions>) {
  app = newHttpApp({ logger: silentLogger, ...options });
  app.get('/things/:id', async () => ({}));
  app.get('/quiet', { config: { isQuiet: true } }, async () => ({}));
  app.get('/fails', async () => Promise.reject(new Error('broken')));
  app.get('/refuses', async () => Promise.reject(new Failure('CONFLICT', 'taken')));
  app.post('/says', async () => {
    options.logger?.info('said');
    return {};
  });
  return app;
}

describe('the span of a request', () => {
  test('is named by its route, below the caller’s, and given back', async () => {
    const { tracing, spans } = keeper();
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    const answer = await openApp({ tracing }).inject({ url: '/things/7?ticket=hunter2', headers });
    expect(spans).toEqual([
      expect.objectContaining({
        name: 'GET /things/:id',
        kind: 'server',
        parent: headers.traceparent,
        attributes: expect.objectContaining({ 'http.route': '/things/:id', 'url.path': '/things/7' }),
        ended: { 'http.response.status_code': 200 },
      }),
    ]);
    expect(answer.headers['traceparent']).toBe(`00-${TRACE}-${spans[0]!.spanId}-01`);
    expect(JSON.stringify(spans)).not.toContain('hunter2');
  });

  test('begins a trace that is named as the request is, when the caller names none', async () => {
    const { tracing, spans } = keeper();
    const answer = await openApp({ tracing }).inject({ url: '/things/7' });
    expect(spans[0]).toMatchObject({ traceId: answer.headers['x-request-id'] });
    expect(spans[0]!.parent).toBeUndefined();
  });

  test('has failed when the server has; a refusal is the caller’s mistake', async () => {
    const { tracing, spans } = keeper();
    openApp({ tracing });
    await app.inject({ url: '/fails' });
    await app.inject({ url: '/refuses' });
    await app.inject({ url: '/nowhere' });
    expect(spans.map(({ name, ended }) => [name, ended['http.response.status_code'], ended['failed']])).toEqual([
      ['GET /fails', 500, '500'],
      ['GET /refuses', 409, undefined],
      ['GET', 404, undefined],
    ]);
  });

  test('is not made for a quiet route', async () => {
    const { tracing, spans } = keeper();
    await openApp({ tracing }).inject({ url: '/quiet' });
    expect(spans).toEqual([]);
  });
});

test('what is said while a request with a body is answered carries its id and its trace', async () => {
  const lines: string[] = [];
  const logger = newLogger('info', (line) => lines.push(line));
  const { tracing, spans } = keeper();
  await openApp({ logger, tracing }).listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { readonly port: number };
  // Over a real connection, whose events stand nowhere.
  const answer = await fetch(`http://127.0.0.1:${port}/says`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
    body: JSON.stringify({ x: 'y'.repeat(100_000) }),
  });
  expect(JSON.parse(lines[0]!)).toMatchObject({
    message: 'said',
    request_id: answer.headers.get('x-request-id'),
    trace_id: TRACE,
  });
  expect(JSON.parse(lines[0]!).span_id).toBe(spans[0]?.spanId ?? answer.headers.get('traceparent')!.split('-')[2]);
});

test('the access log has a line for each request but quiet ones, with the route and without the query', async () => {
  const lines: string[] = [];
  const logger = newLogger('info', (line) => lines.push(line));
  openApp({ logger, accessLog: true });
  const answer = await app.inject({ url: '/things/7?ticket=hunter2', headers: { 'user-agent': 'x'.repeat(300) } });
  await app.inject({ url: '/quiet' });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    severity: 'INFO',
    message: 'request',
    request_id: answer.headers['x-request-id'],
    route: '/things/:id',
    httpRequest: {
      requestMethod: 'GET',
      requestUrl: '/things/7',
      status: 200,
      userAgent: 'x'.repeat(200),
      remoteIp: '127.0.0.1',
      latency: expect.stringMatching(/^\d+\.\d{6}s$/),
      protocol: 'HTTP/1.1',
    },
  });
});
