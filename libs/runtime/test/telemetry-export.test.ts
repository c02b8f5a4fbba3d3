import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Metrics, newLogger, openTelemetry, readTelemetrySettings, type Telemetry } from '../src/index.ts';

interface Sent {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let server: Server;
let telemetry: Telemetry;
let status = 200;
const sent: Sent[] = [];
const lines: string[] = [];

afterEach(async () => {
  await telemetry.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  sent.length = lines.length = 0;
  status = 200;
});

/** Telemetry that tells a server of this test, which answers `status`. */
async function open(env: Record<string, string>): Promise<void> {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      response.writeHead(status).end();
      sent.push({ path: request.url, headers: request.headers, body: Buffer.concat(pieces) });
      server.emit('sent');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '1' };
  telemetry = await openTelemetry(readTelemetrySettings({ ...base, ...env }, { serviceName: 's' }), {
    version: '1',
    logger: newLogger('info', (line) => lines.push(line)),
  });
}

const span = (traceId: string) => telemetry.tracing!.open({ name: 'a', traceId });
const traceId = (n: number) => n.toString(16).padStart(32, '0');

test('spans go as protobuf unless told, with the headers that were given', async () => {
  await open({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret' });
  span(traceId(1)).end();
  await once(server, 'sent');
  expect(sent[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'x-key': 'secret' },
  });
  expect(sent[0]!.body.includes(Buffer.from(traceId(1), 'hex'))).toBe(true);
});

test('numbers are sent as they are declared: counters and histograms from the start, gauges as they are', async () => {
  await open({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_METRIC_EXPORT_INTERVAL: '100' });
  const metrics = new Metrics();
  metrics.counter('runvoy_things_total', 'Things.').add({ kind: 'a' }, 2);
  const lasted = metrics.histogram('runvoy_lasted_seconds', 'How long.', [1, 10]);
  for (const value of [0.5, 1, 5, 100]) lasted.observe(value);
  metrics.gauge('runvoy_broken', 'Never.', () => Promise.reject(new Error('no store')));
  telemetry.report(metrics);
  await once(server, 'sent');
  expect(JSON.parse(lines[0]!)).toMatchObject({ message: 'a metric could not be read', name: 'runvoy_broken' });
  const { resourceMetrics } = JSON.parse(sent[0]!.body.toString());
  const told = resourceMetrics[0].scopeMetrics[0].metrics;
  expect(told).toMatchObject([
    { name: 'runvoy_things_total', unit: '1', sum: { isMonotonic: true, dataPoints: [{ asDouble: 2 }] } },
    {
      name: 'runvoy_lasted_seconds',
      unit: 's',
      histogram: { dataPoints: [{ count: 4, sum: 106.5, explicitBounds: [1, 10], bucketCounts: [2, 1, 1] }] },
    },
  ]);
});

test('a receiver that refuses is told of in the log once, and once when it takes again', async () => {
  await open({});
  status = 400;
  for (let n = 1; n <= 2; n += 1) {
    span(traceId(n)).end();
    await once(server, 'sent');
  }
  status = 200;
  for (let n = 3; n <= 4; n += 1) {
    span(traceId(n)).end();
    await once(server, 'sent');
  }
  await telemetry.close();
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
    'spans are not taken by their receiver and are lost',
    'spans are taken by their receiver again',
  ]);
});

test.each([
  ['always_off', undefined, false],
  ['always_on', '00', true],
  ['parentbased_always_on', '00', false],
  ['parentbased_always_off', '01', true],
  ['parentbased_always_off', undefined, false],
])('with %s a span below one with flags %s is recorded: %s', async (sampler, flags, isRecorded) => {
  await open({ OTEL_TRACES_SAMPLER: sampler });
  const parent = flags === undefined ? {} : { parent: `00-${traceId(1)}-00f067aa0ba902b7-${flags}` };
  const { traceparent, ...one } = telemetry.tracing!.open({ name: 'a', ...parent });
  expect([one.isRecorded, traceparent.slice(-2)]).toEqual([isRecorded, isRecorded ? '01' : '00']);
});
