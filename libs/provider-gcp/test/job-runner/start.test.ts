import { describe, expect, test } from '@jest/globals';
import type { RunApi } from '../../src/job-runner/run-api.ts';
import { openCloudRunJobRunner } from '../../src/job-runner.ts';
import {
  hastyClock,
  ID,
  JOB_ACCOUNT,
  methodsOf,
  NAME,
  ORDER,
  READY,
  refusal,
  scriptedRunApi,
  SETTINGS,
} from './scripted-run-api.ts';

const MISSING = refusal(5, 'Job does not exist.');
const FAILED = {
  ...READY,
  terminal: { type: 'Ready', state: 'failed' as const, reason: 'CONTAINER_MISSING', message: "Image 'x' not found." },
};
const STARTED = { outcome: 'started', platform_execution: NAME };

function open(api: RunApi) {
  const clock = hastyClock();
  return { clock, jobs: openCloudRunJobRunner({ ...SETTINGS, clock, random: () => 0, api }) };
}

describe('a start', () => {
  test('runs the image’s Job, which is asked for once', async () => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [NAME] });
    const { jobs } = open(api);
    expect(await jobs.start(ORDER)).toEqual(STARTED);
    expect(await jobs.start({ ...ORDER, execution_id: 'b'.repeat(32) })).toEqual(STARTED);
    expect(methodsOf(api)).toEqual(['getJob', 'runJob', 'runJob']);
  });

  test('asks for the Job again after half a minute without a run: a frozen instance may have lost its connection', async () => {
    const api = scriptedRunApi({ getJob: [READY, refusal(14), READY], runJob: [NAME] });
    const { jobs, clock } = open(api);
    await jobs.start({ ...ORDER, attempt: 1 });
    await clock.sleep(29_000);
    await jobs.start({ ...ORDER, attempt: 2 });
    await clock.sleep(29_000);
    await jobs.start({ ...ORDER, attempt: 3 });
    expect(methodsOf(api)).toEqual(['getJob', 'runJob', 'runJob', 'runJob']);
    await clock.sleep(30_000);
    expect(await jobs.start({ ...ORDER, attempt: 4 })).toEqual(STARTED);
    expect(methodsOf(api).slice(4)).toEqual(['getJob', 'getJob', 'runJob']);
  });

  test('puts an id, a number, a token and the time over the Job, and nothing else', async () => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [NAME] });
    await open(api).jobs.start(ORDER);
    const env = { RUNVOY_EXECUTION_ID: ID, RUNVOY_ATTEMPT: '1', RUNVOY_BOOTSTRAP_TOKEN: ORDER.token };
    const [, name, overrides, timeoutMs] = api.calls.find(([method]) => method === 'runJob') ?? [];
    expect(name).toMatch(/^projects\/my-project\/locations\/europe-west1\/jobs\/rv-[a-z2-7]{20}$/);
    expect(overrides).toEqual({ env, timeoutS: 600 + 3_600 + 10 + 60 });
    expect(timeoutMs).toBe(8_000);
  });

  test('of a new image makes its Job, and waits until it is ready', async () => {
    const settling = { ...READY, isSettling: true };
    const unsaid = { ...READY, terminal: undefined };
    const api = scriptedRunApi({
      getJob: [MISSING, unsaid, settling, READY],
      createJob: [undefined],
      runJob: [NAME],
    });
    expect(await open(api).jobs.start(ORDER)).toEqual(STARTED);
    expect(methodsOf(api)).toEqual(['getJob', 'createJob', 'getJob', 'getJob', 'getJob', 'runJob']);
  });

  test('of a Job that somebody has edited puts it right first, once', async () => {
    const edited = { ...READY, parts: READY.parts.replace('"maxRetries":0', '"maxRetries":3') };
    const api = scriptedRunApi({
      getJob: [edited, { ...READY, isSettling: true }, edited],
      updateJob: [undefined],
      runJob: [NAME],
    });
    expect(await open(api).jobs.start(ORDER)).toEqual(STARTED);
    expect(methodsOf(api)).toEqual(['getJob', 'updateJob', 'getJob', 'getJob', 'runJob']);
  });

  test('of a Job that another instance makes at the same time is as good', async () => {
    const api = scriptedRunApi({ getJob: [MISSING, READY], createJob: [refusal(6)], runJob: [NAME] });
    expect(await open(api).jobs.start(ORDER)).toEqual(STARTED);
  });

  test('asked for twice for one attempt happens once, and both get its answer', async () => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [NAME] });
    const { jobs } = open(api);
    expect(await Promise.all([jobs.start(ORDER), jobs.start(ORDER)])).toEqual([STARTED, STARTED]);
    expect(await jobs.start(ORDER)).toEqual(STARTED);
    expect(methodsOf(api).filter((name) => name === 'runJob')).toHaveLength(1);
  });

  test.each([4, 14, 2, 13, 10, 1])(
    'answered with code %i may have happened: it is not repeated, and rejects',
    async (code) => {
      const api = scriptedRunApi({ getJob: [READY], runJob: [refusal(code), NAME] });
      const { jobs } = open(api);
      await expect(jobs.start(ORDER)).rejects.toMatchObject({ code });
      await expect(jobs.start(ORDER)).rejects.toMatchObject({ code });
      expect(methodsOf(api).filter((name) => name === 'runJob')).toHaveLength(1);
    },
  );

  test('for which there is no room is repeated, and goes through when there is some', async () => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [refusal(8), refusal(8), NAME] });
    const { jobs, clock } = open(api);
    expect(await jobs.start(ORDER)).toEqual(STARTED);
    expect(clock.slept).toEqual([400, 800]);
  });

  test('for which there is no room within eight seconds is rejected, for quota', async () => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [refusal(8, 'Quota exceeded.')] });
    const { jobs, clock } = open(api);
    const before = clock.now();
    expect(await jobs.start(ORDER)).toEqual({ outcome: 'rejected', reason: 'quota', details: 'Quota exceeded.' });
    expect(clock.now() - before).toBeLessThan(8_000);
    expect(methodsOf(api).filter((name) => name === 'runJob').length).toBeGreaterThan(1);
  });

  test.each([
    [3, 'start_refused'],
    [7, 'permission_denied'],
    [9, 'start_refused'],
    [16, 'permission_denied'],
  ])('answered with code %i has not happened: %s', async (code, reason) => {
    const api = scriptedRunApi({ getJob: [READY], runJob: [refusal(code, 'why')] });
    expect(await open(api).jobs.start(ORDER)).toEqual({ outcome: 'rejected', reason, details: 'why' });
    expect(methodsOf(api)).toEqual(['getJob', 'runJob']);
  });

  test('of a Job that somebody has cleaned away makes it again, and runs it once', async () => {
    const api = scriptedRunApi({
      getJob: [READY, MISSING, READY],
      runJob: [MISSING, NAME],
      createJob: [undefined],
    });
    expect(await open(api).jobs.start(ORDER)).toEqual(STARTED);
    expect(methodsOf(api)).toEqual(['getJob', 'runJob', 'getJob', 'createJob', 'getJob', 'runJob']);
  });
});

describe('a Job that cannot be made ready', () => {
  test.each([
    [3, 'job_refused'],
    [5, 'image_pull'],
    [7, 'permission_denied'],
  ])('because it is refused with code %i rejects the start: %s', async (code, reason) => {
    const api = scriptedRunApi({ getJob: [MISSING], createJob: [refusal(code, 'why')] });
    expect(await open(api).jobs.start(ORDER)).toEqual({ outcome: 'rejected', reason, details: 'why' });
    expect(methodsOf(api)).not.toContain('runJob');
  });

  test('for want of its image rejects the start, and the next start asks again', async () => {
    const api = scriptedRunApi({
      getJob: [MISSING, FAILED, FAILED, READY],
      createJob: [undefined],
      updateJob: [undefined],
      runJob: [NAME],
    });
    const { jobs } = open(api);
    const rejection = { outcome: 'rejected', reason: 'image_pull', details: "Image 'x' not found." };
    expect(await jobs.start(ORDER)).toEqual(rejection);
    expect(await jobs.start({ ...ORDER, attempt: 2 })).toEqual(STARTED);
    expect(methodsOf(api)).toEqual(['getJob', 'createJob', 'getJob', 'getJob', 'updateJob', 'getJob', 'runJob']);
  });

  test('in time rejects the start: nothing was started', async () => {
    const api = scriptedRunApi({ getJob: [MISSING, { ...READY, isSettling: true }], createJob: [undefined] });
    expect(await open(api).jobs.start(ORDER)).toMatchObject({ outcome: 'rejected', reason: 'job_not_ready' });
  });

  test('because Cloud Run does not answer rejects the start with what it said', async () => {
    const api = scriptedRunApi({ getJob: [refusal(14, 'connection reset')] });
    const answer = { outcome: 'rejected', reason: 'job_not_ready', details: 'connection reset' };
    expect(await open(api).jobs.start(ORDER)).toEqual(answer);
  });

  test('at the first try of CreateJob, but was taken all the same, is as good', async () => {
    const api = scriptedRunApi({ getJob: [MISSING, READY], createJob: [refusal(14)], runJob: [NAME] });
    expect(await open(api).jobs.start(ORDER)).toEqual(STARTED);
  });
});

test.each([
  [{ isolation: 'bubblewrap' as const }, 'isolation'],
  [{ cpu: 99_999 }, 'image_size'],
  [{ service_account: JOB_ACCOUNT.replace('job', 'intake') }, 'service_account'],
])('an order for %j is rejected without a word to Google', async (order, reason) => {
  const api = scriptedRunApi({});
  expect(await open(api).jobs.start({ ...ORDER, ...order })).toMatchObject({ outcome: 'rejected', reason });
  expect(api.calls).toEqual([]);
});
