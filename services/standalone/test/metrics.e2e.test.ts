import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { follow } from './follower.ts';
import { poll, startServer, type Server } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer({ env: { RUNVOY_MAX_RUNNING: '1', RUNVOY_RATE_LIMIT: '1000' } });
});
afterAll(async () => server?.[Symbol.asyncDispose]());

async function scrape(headers: Record<string, string> = { Authorization: `Bearer ${server.key}` }) {
  const answer = await fetch(`${server.ready.api_url}/metrics`, { headers });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

/** The value of one series. */
async function value(series: string): Promise<number | undefined> {
  const { text } = await scrape();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Waits until a series has the value: what is counted is counted as it is heard of. */
const reaches = (series: string, wanted: number) =>
  poll(async () => ((await value(series)) === wanted ? true : undefined));

test('runs are counted while they last, while they wait and when they have ended', async () => {
  const first = await server.run({ command: 'echo begun; exec sleep 60', grace: 0 });
  const follower = follow(first.websocket_url);
  await follower.line(({ text }) => text === 'begun');
  await reaches('runvoy_runs{status="RUNNING"}', 1);
  await reaches('runvoy_viewers', 1);
  const second = await server.run('exit 3');
  await reaches('runvoy_runs{status="WAITING"}', 1);
  await server.call('DELETE', `/api/v1/executions/${first.execution_id}`);
  expect(await server.finished(second.execution_id)).toMatchObject({ status: 'FAILED' });
  await reaches('runvoy_runs_finished_total{status="STOPPED"}', 1);
  await reaches('runvoy_runs_finished_total{status="FAILED"}', 1);
  expect(await value('runvoy_run_duration_seconds_count{status="FAILED"}')).toBe(1);
  for (const status of ['WAITING', 'STARTING', 'RUNNING', 'TERMINATING']) {
    await reaches(`runvoy_runs{status="${status}"}`, 0);
  }
  // One found its slot free, the other had to wait.
  expect(await value('runvoy_queue_wait_seconds_count')).toBe(2);
  expect(await value('runvoy_queue_wait_seconds_bucket{le="0.01"}')).toBe(1);
  expect(await value('runvoy_log_lag_seconds_count')).toBeGreaterThan(0);
});

test('answers are counted by the pattern of their route, so that ids make no series', async () => {
  for (const id of ['a'.repeat(32), 'b'.repeat(32)]) {
    await fetch(`${server.ready.api_url}/api/v1/executions/${id}`, { headers: { 'X-API-Key': server.key } });
  }
  const route = 'method="GET",route="/api/v1/executions/:id",status="404"';
  await reaches(`runvoy_http_request_duration_seconds_count{${route}}`, 2);
  expect((await scrape()).text).not.toContain('a'.repeat(32));
});

test('docs/metrics.md lists what a scrape tells, and only that', async () => {
  await server.call('POST', '/api/v1/health/reconcile');
  const { status, type, text } = await scrape();
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const told = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
  const docs = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...docs.matchAll(/^\| `(\w+)` +\| (\w+)/gm)].map(([, name, kind]) => `${name} ${kind}`);
  // There until something happens that this test does not wait for: a scheduled reconcile, a limit that is met.
  const later = /^runvoy_(reconcile_|safety_lane_|rate_limited)/;
  expect(told.filter((one) => !listed.includes(one))).toEqual([]);
  expect(listed.filter((one) => !told.includes(one) && !later.test(one))).toEqual([]);
});

test('nobody reads them without a key that may', async () => {
  const { claim_token } = await server.call<{ claim_token: string }>('POST', '/api/v1/users/create', {
    email: 'dev@example.com',
    role: 'developer',
  });
  const { api_key } = await server.call<{ api_key: string }>('POST', `/api/v1/claim/${claim_token}`);
  const statuses = [
    await scrape({}),
    await scrape({ 'X-API-Key': 'nonsense' }),
    await scrape({ 'X-API-Key': api_key }),
    await scrape({ 'X-API-Key': server.key }),
  ];
  expect(statuses.map(({ status }) => status)).toEqual([401, 401, 403, 200]);
});
