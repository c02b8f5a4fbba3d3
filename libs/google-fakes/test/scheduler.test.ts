import { CloudSchedulerClient } from '@google-cloud/scheduler';
import { credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createTokenIssuer, fakeScheduler, fasterPace } from '@runvoy/google-fakes';
import type { FakeScheduler, Pace } from '@runvoy/google-fakes';
import { GoogleAuth } from 'google-gax';
import { nextDue, ScheduleProblem } from '../src/scheduler/schedule.ts';
import { recordingServer } from './recording-server.ts';
import { until } from './until.ts';

const PARENT = 'projects/p/locations/europe-west1';
const NAME = `${PARENT}/jobs/runvoy-tick`;
const MIDNIGHT = Date.UTC(2026, 10, 28);
const issuer = createTokenIssuer();

describe('the fake Scheduler, spoken to by Google’s client', () => {
  let google: FakeScheduler;
  let client: CloudSchedulerClient;
  let server: Awaited<ReturnType<typeof recordingServer>>;

  async function open(statuses: number[] = [204], pace: Pace = fasterPace(10_000)): Promise<void> {
    server = await recordingServer(...statuses);
    google = fakeScheduler({ mintToken: issuer.idToken, pace });
    const [apiEndpoint, port] = (await google.listenAs('terraform@p')).host.split(':');
    const auth = new GoogleAuth({ universeDomain: 'googleapis.com', projectId: 'p' });
    const sslCreds = credentials.createInsecure();
    client = new CloudSchedulerClient({ apiEndpoint: apiEndpoint!, port: Number(port), sslCreds, auth });
  }

  const job = (more: object = {}) => ({
    name: NAME,
    schedule: '* * * * *',
    httpTarget: {
      uri: `${server.url}/events/tick`,
      body: Buffer.from('{"tick":"minute"}'),
      headers: { 'Content-Type': 'application/json' },
      oidcToken: { serviceAccountEmail: 'caller@p', audience: 'https://processor' },
    },
    ...more,
  });

  afterEach(async () => {
    await client.close();
    await google[Symbol.asyncDispose]();
    await server.stop();
  });

  test('a job that is fired twice posts twice, signed and marked', async () => {
    await open();
    await client.createJob({ parent: PARENT, job: job() });
    expect(await google.fire(NAME, 2)).toEqual([204, 204]);
    expect(server.requests).toHaveLength(2);
    const [{ method, path, headers, body }] = server.requests as [(typeof server.requests)[number]];
    expect([method, path, body]).toEqual(['POST', '/events/tick', '{"tick":"minute"}']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': 'runvoy-tick',
      'x-cloudscheduler-scheduletime': expect.stringMatching(/^20.*Z$/),
    });
    const claims = JSON.parse(Buffer.from(String(headers['authorization']).split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({ email: 'caller@p', aud: 'https://processor' });
  });

  test('the client runs, pauses, resumes, changes, lists and deletes it', async () => {
    await open();
    await client.createJob({ parent: PARENT, job: job() });
    await client.runJob({ name: NAME });
    await until('the run', () => server.requests.length === 1);
    expect((await client.pauseJob({ name: NAME }))[0].state).toBe('PAUSED');
    expect((await client.resumeJob({ name: NAME }))[0].state).toBe('ENABLED');
    await client.updateJob({ job: { name: NAME, schedule: '0 * * * *' }, updateMask: { paths: ['schedule'] } });
    const [found] = await client.getJob({ name: NAME });
    expect(found).toMatchObject({ schedule: '0 * * * *', httpTarget: { httpMethod: 'POST' } });
    expect((await client.listJobs({ parent: PARENT }))[0]).toHaveLength(1);
    await client.deleteJob({ name: NAME });
    await expect(client.getJob({ name: NAME })).rejects.toMatchObject({ code: 5 });
  });

  test.each([
    [0, 1],
    [2, 3],
  ])('a refused tick with retry count %i is sent %i times', async (retryCount, times) => {
    await open([503]);
    await client.createJob({ parent: PARENT, job: job({ retryConfig: { retryCount } }) });
    expect(await google.fire(NAME)).toEqual([503]);
    expect(server.requests).toHaveLength(times);
    expect(google.jobs.get(NAME).status).toEqual({ code: 13, message: 'HTTP 503' });
  });

  test('started, it fires each minute of its own time, and not what is paused', async () => {
    let now = MIDNIGHT;
    const pace: Pace = {
      now: () => now,
      async sleep(ms, signal) {
        if (now < MIDNIGHT + 5 * 60_000) now += ms;
        else await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      },
    };
    await open([204], pace);
    await client.createJob({ parent: PARENT, job: job() });
    await client.createJob({ parent: PARENT, job: job({ name: `${PARENT}/jobs/paused` }) });
    await client.pauseJob({ name: `${PARENT}/jobs/paused` });
    google.start();
    await until('five ticks', () => server.requests.length === 5);
    expect(server.requests.map(({ headers }) => headers['x-cloudscheduler-scheduletime']).toSorted()).toEqual(
      [1, 2, 3, 4, 5].map((minute) => new Date(MIDNIGHT + minute * 60_000).toISOString()),
    );
  });

  test.each<[string, object, number]>([
    ['a schedule it does not understand', { schedule: '0 0 1 * *' }, 3],
    ['a schedule of four fields', { schedule: '* * * *' }, 3],
    ['another time zone', { timeZone: 'Europe/Berlin' }, 3],
    ['six retries', { retryConfig: { retryCount: 6 } }, 3],
    ['a deadline of 10 s', { attemptDeadline: { seconds: 10 } }, 3],
    ['a name elsewhere', { name: 'projects/other/locations/europe-west1/jobs/x' }, 3],
    ['a taken name', {}, 6],
  ])('%s is refused', async (_, more, code) => {
    await open();
    await client.createJob({ parent: PARENT, job: job() });
    await expect(client.createJob({ parent: PARENT, job: job(more) })).rejects.toMatchObject({ code });
  });
});

describe('a schedule', () => {
  test.each([
    ['* * * * *', '00:01'],
    ['*/15 * * * *', '00:15'],
    ['0 * * * *', '01:00'],
    ['5,35 6 * * *', '06:05'],
  ])('%s is due next at %s', (schedule, time) => {
    expect(new Date(nextDue(schedule, MIDNIGHT)).toISOString().slice(11, 16)).toBe(time);
  });

  test('that never falls due is refused', () => {
    expect(() => nextDue('70 * * * *', MIDNIGHT)).toThrow(ScheduleProblem);
  });
});
