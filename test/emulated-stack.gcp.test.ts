import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fakeTelemetry, whyNotEmulated, type FakeTelemetry } from '@runvoy/google-fakes';
import type { HealthReport } from '@runvoy/protocol';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { firestoreDocuments } from './firestore-documents.ts';

interface Answer {
  readonly status: string;
  readonly report: HealthReport;
}

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `a deployment on Google's emulators${why === undefined ? '' : ` — skipped: ${why}`}`;

(why === undefined ? describe : describe.skip)(title, () => {
  let server: EmulatedServer;
  let telemetry: FakeTelemetry;
  /** What the first run was handed. */
  let traceparent: string;
  beforeAll(async () => {
    telemetry = fakeTelemetry();
    const { host } = await telemetry.listenAs();
    server = await startEmulatedServer({
      ticking: false,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '200',
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      },
    });
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await telemetry?.[Symbol.asyncDispose]();
  });

  const asking = (method: string) => async (path: string) => {
    const { api_url, api_key } = server.stack.ready;
    const answer = await fetch(`${api_url}/api/v1${path}`, { method, headers: { 'x-api-key': api_key } });
    return (await answer.json()) as Answer;
  };
  const get = asking('GET');
  const post = asking('POST');

  /** The platform has told of the end of one more execution. */
  const ends = () =>
    server.stack.google.logging.entries.filter(({ logName }) => logName.endsWith('system_event')).length;

  test('shows a run live through sidecar, intake, Firestore and websocket, and the end by the completion event', async () => {
    const run = await server.run('echo begun; sleep 1; echo "done $TRACEPARENT"; exit 4');
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'begun');
    const followed = await follower.done;
    traceparent = texts(followed)[1]!.slice('done '.length);
    expect(texts(followed)).toEqual(['begun', `done ${traceparent}`]);
    expect(followed.end).toMatchObject({ completeness: 'complete' });
    expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 4 });
  });

  test('shows that run in one trace across the services: the call, its start, bootstrap, command and completion', async () => {
    const names = ['POST /api/v1/run', 'start run', 'RUN', 'start', 'bootstrap', 'command', 'completion'];
    const isDelivery = (name: string) => name.startsWith('process google.');
    const spans = await telemetry.until(() => {
      const call = telemetry.spans.find(({ name }) => name === 'POST /api/v1/run');
      const found = telemetry.spans.filter(({ traceId }) => traceId === call?.traceId);
      const isWhole = names.every((name) => found.some((span) => span.name === name));
      return isWhole && found.some(({ name }) => isDelivery(name)) ? found : undefined;
    }, 20_000);
    const serviceOf = (name: string) => spans.find((span) => span.name === name)!.resource['service.name'];
    expect(serviceOf('POST /api/v1/run')).toBe('runvoy-orchestrator');
    expect(serviceOf('start run')).toBe('runvoy-orchestrator');
    // Whoever stores the end tells of the run: which of the two hears of it last, the platform decides.
    expect(['runvoy-processor', 'runvoy-intake']).toContain(serviceOf('command'));
    expect(spans.find(({ name }) => isDelivery(name))!.resource['service.name']).toBe('runvoy-processor');
    const command = spans.find(({ name }) => name === 'command')!;
    expect(command.attributes).toMatchObject({ 'process.exit.code': 4 });
    expect(traceparent).toBe(`00-${command.traceId}-${command.spanId}-01`);
    // Each service sends the numbers that it knows.
    const sends = (metric: string, service: string) =>
      telemetry.until(
        () =>
          telemetry.metrics.some(({ name, resource }) => name === metric && resource['service.name'] === service) ||
          undefined,
        20_000,
      );
    await sends('runvoy_log_lag_seconds', 'runvoy-intake');
    await sends('runvoy_viewers', 'runvoy-websocket');
    await sends('runvoy_dead_letters', 'runvoy-processor');
    await sends('runvoy_cold_start_seconds', 'runvoy-orchestrator');
  });

  test('has the whole log and the right end with the fast lane cut: by stdout, sink, push and processor', async () => {
    const run = await server.run('echo begun; for i in 1 2 3; do sleep 1; echo $i; done; exit 5');
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'begun');
    server.stack.cut('intake');
    try {
      await follower.line((line) => line.text === '3');
      await poll(async () => {
        const stored = await firestoreDocuments(server.stack.project);
        const execution = stored.find(({ path }) => path === `runvoy-executions/${run.execution_id}`);
        return JSON.stringify(execution).includes('end_record') ? true : undefined;
      });
    } finally {
      // The runner waits 50 s for whoever could still hear of its end.
      server.stack.mend('intake');
    }
    const followed = await follower.done;
    expect(texts(followed)).toEqual(['begun', '1', '2', '3']);
    expect(followed.end).toMatchObject({ completeness: 'complete' });
    expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 5 });
  });

  test('settles a run by the sink’s entry when Eventarc is silent', async () => {
    const { eventarc, events } = server.stack.doors;
    eventarc.conveyor.pause();
    const before = events.answers.length;
    const run = await server.run('true');
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(events.answers.length).toBeGreaterThan(before);
    eventarc.conveyor.resume();
  });

  test('settles a run by the tick when no completion event comes', async () => {
    const { eventarc } = server.stack.doors;
    const { sinks } = server.stack.google;
    eventarc.conveyor.pause();
    sinks.events.plan('drop', { times: 1 });
    const before = ends();
    const run = await server.run('exit 6');
    await poll(() => (ends() > before ? true : undefined));
    expect((await server.until(run.execution_id, () => true)).status).toBe('RUNNING');
    expect(await server.stack.tick()).toBe(204);
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'FAILED', exit_code: 6 });
    eventarc.conveyor.resume();
  });

  test('asks for no permission that the table does not grant, not when it reconciles either', async () => {
    expect(await server.stack.sweep()).toBe(204);
    const asked = await post('/health/reconcile');
    expect(asked).toMatchObject({ status: 'ok', report: { trigger: 'request' } });
    // The orchestrator may not read accounts, and says so in its report.
    expect(server.stack.google.iam.refused()).toEqual([]);
    expect(asked.report.unchecked.map(({ what }) => what)).toContain('job accounts');
  });

  test('has a report of its scheduled reconcile in which all is well', async () => {
    expect(await server.stack.tick()).toBe(204);
    expect(await server.stack.sweep()).toBe(204);
    const { report } = await get('/health/report');
    expect(report.issues).toEqual([]);
    expect(report).toMatchObject({
      trigger: 'schedule',
      identity_status: { default_roles_verified: true, custom_roles_total: 1, custom_roles_verified: 1 },
      runs_status: { stuck: [], unrecorded: [] },
      sweep_status: { complete: true },
    });
    expect(report.compute_status.verified_count).toBe(report.compute_status.total_resources);
  });

  test('says in the report what it could not check while Cloud Run answers 503, and concludes nothing', async () => {
    const { cloudRun } = server.stack.google;
    const before = await get('/executions?limit=5');
    for (const method of ['ListJobs', 'ListExecutions']) cloudRun.faults.calls.next({ method, code: 14, times: 4 });
    expect(await server.stack.sweep()).toBe(204);
    const { report } = await get('/health/report');
    expect(report.unchecked.map(({ what }) => what)).toEqual(expect.arrayContaining(['compute', 'sweep']));
    expect(report.issues.map(({ resource_id, resource_type }) => `${resource_type} ${resource_id}`)).toEqual([
      'health_check compute',
      'health_check sweep',
    ]);
    expect(report.secrets_status.missing_count).toBe(0);
    expect(await get('/executions?limit=5')).toEqual(before);
  });
});
