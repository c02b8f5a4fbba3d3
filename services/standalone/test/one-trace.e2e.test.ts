import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fakeTelemetry, type FakeTelemetry, type ReceivedSpan } from '@runvoy/google-fakes';
import { startServer, type Server } from './server.ts';

const WITHIN_MS = 20_000;

let receiver: FakeTelemetry;
let server: Server;
beforeAll(async () => {
  receiver = fakeTelemetry();
  const { host } = await receiver.listenAs();
  server = await startServer({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_SERVICE_NAME: 'runvoy-test',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
      RUNVOY_ACCESS_LOG: 'true',
    },
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
});

/** Asks for a run below a span of the caller's own; resolves with the spans of its trace once all of these names are there. */
async function traced(traceId: string, command: string, names: readonly string[], flags = '01') {
  const answer = await fetch(`${server.ready.api_url}/api/v1/run`, {
    method: 'POST',
    headers: {
      'X-API-Key': server.key,
      'Content-Type': 'application/json',
      traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`,
    },
    body: JSON.stringify({ command }),
  });
  const { execution_id: id } = (await answer.json()) as { execution_id: string };
  await server.finished(id);
  const spans = await receiver.until(() => {
    const found = receiver.spans.filter((span) => span.traceId === traceId);
    return names.every((name) => found.some((span) => span.name === name)) ? found : undefined;
  }, WITHIN_MS);
  const one = (name: string): ReceivedSpan => spans.find((span) => span.name === name)!;
  return { id, one };
}

const PARTS = [
  'POST /api/v1/run',
  'start run',
  'RUN',
  'start',
  'bootstrap',
  'command',
  'completion',
  'process dev.runvoy.execution.look.v1',
];

test('one trace shows API call, start, bootstrap, command and completion, each below what caused it', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const { id, one } = await traced(traceId, 'echo "trace $TRACEPARENT"; exit 3', PARTS);
  const call = one('POST /api/v1/run');
  const run = one('RUN');
  const command = one('command');
  expect(call).toMatchObject({
    parentSpanId: '00f067aa0ba902b7',
    kind: 2,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/run',
      'http.response.status_code': expect.anything(),
    },
    resource: { 'service.name': 'runvoy-test', 'service.version': expect.any(String) },
  });
  expect(one('start run')).toMatchObject({ parentSpanId: call.spanId, kind: 3 });
  expect(run).toMatchObject({
    parentSpanId: call.spanId,
    kind: 2,
    status: 2,
    attributes: { 'cicd.pipeline.run.id': id, 'cicd.pipeline.result': 'failure', 'error.type': 'exit_code' },
  });
  for (const name of ['start', 'bootstrap', 'command', 'completion']) {
    expect(one(name)).toMatchObject({ parentSpanId: run.spanId, kind: 1 });
  }
  expect(command.attributes).toMatchObject({ 'cicd.pipeline.task.run.result': 'failure', 'process.exit.code': 3 });
  expect(one('process dev.runvoy.execution.look.v1')).toMatchObject({ parentSpanId: call.spanId, kind: 5 });
  const order = [call, one('bootstrap'), command, one('completion')].map(({ startMs }) => startMs);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  // Whatever the command tells of itself finds its span in the trace.
  const log = await server.call<{ events: { message: string }[] }>('GET', `/api/v1/executions/${id}/logs`);
  expect(log.events.map(({ message }) => message)).toContain(`trace 00-${traceId}-${command.spanId}-01`);
});

test('a caller that does not record its trace has none of the run recorded, and hands it on all the same', async () => {
  const traceId = 'aaaa2f3577b34da6a3ce929d0e0e4736';
  const { id } = await traced(traceId, 'echo "trace $TRACEPARENT"', [], '00');
  const log = await server.call<{ events: { message: string }[] }>('GET', `/api/v1/executions/${id}/logs`);
  expect(log.events.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(new RegExp(`^trace 00-${traceId}-[0-9a-f]{16}-00$`)),
  );
  // Later spans have come: its own would have, too.
  await traced('bbbb2f3577b34da6a3ce929d0e0e4736', 'true', PARTS);
  expect(receiver.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

test('the numbers of /metrics are sent as well, under the same names', async () => {
  const told = await receiver.until(
    () => receiver.metrics.find(({ name, points }) => name === 'runvoy_runs_finished_total' && points.length > 0),
    WITHIN_MS,
  );
  expect(told).toMatchObject({ kind: 'sum', unit: '1', resource: { 'service.name': 'runvoy-test' } });
  const answer = await fetch(`${server.ready.api_url}/metrics`, { headers: { Authorization: `Bearer ${server.key}` } });
  const names = [...(await answer.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  await receiver.until(
    () => (names.every((name) => receiver.metrics.some((metric) => metric.name === name)) ? true : undefined),
    WITHIN_MS,
  );
});

test('a receiver that says nothing costs a run nothing, and a server that stops no more than the time for its last words', async () => {
  receiver.fallSilent();
  // A run may name a trace of its own for its command.
  const { execution_id: id } = await server.run({
    command: 'test "$TRACEPARENT" = mine',
    env: { TRACEPARENT: 'mine' },
  });
  expect(await server.finished(id)).toMatchObject({ status: 'SUCCEEDED' });
  const startedMs = Date.now();
  expect(await server.stop()).toBe(0);
  // It would be killed after 9 s.
  expect(Date.now() - startedMs).toBeLessThan(7_000);
});
