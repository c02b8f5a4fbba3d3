import { describe, expect, test } from '@jest/globals';
import type { AttemptRef } from '@runvoy/core';
import type { RunApi } from '../../src/job-runner/run-api.ts';
import { openCloudRunJobRunner } from '../../src/job-runner.ts';
import {
  execution,
  hastyClock,
  ID,
  methodsOf,
  NAME,
  ORDER,
  READY,
  refusal,
  scriptedRunApi,
  SETTINGS,
  T0,
} from './scripted-run-api.ts';

const NAMED: AttemptRef = { execution_id: ID, attempt: 1, platform_execution: NAME, made_at_ms: T0 };
const UNNAMED: AttemptRef = { execution_id: ID, attempt: 1, made_at_ms: T0 };
const FULL_NAME = `projects/my-project/locations/europe-west1/jobs/${NAME.slice(0, -6)}/executions/${NAME}`;
const foreign = (name: string, createdMs: number) =>
  execution({ name, createdMs, env: { RUNVOY_EXECUTION_ID: 'b'.repeat(32), RUNVOY_ATTEMPT: '1' } });

const open = (api: RunApi) => openCloudRunJobRunner({ ...SETTINGS, clock: hastyClock(), random: () => 0, api });

describe('a look', () => {
  test('asks for the execution by its name', async () => {
    const api = scriptedRunApi({ getExecution: [execution({ startedMs: T0 + 1 })] });
    expect(await open(api).look(NAMED)).toMatchObject({ state: 'alive' });
    expect(api.calls).toEqual([['getExecution', FULL_NAME]]);
  });

  test('at a failed end asks for its tasks', async () => {
    const ended = execution({ startedMs: T0 + 1, completedMs: T0 + 9, failed: 1 });
    const task = { exitCode: 3, termSignal: undefined, message: '', hasStarted: true };
    const api = scriptedRunApi({ getExecution: [ended], listTasks: [[task]] });
    expect(await open(api).look(NAMED)).toMatchObject({ end: { details: 'a container exited with 3' } });
    expect(api.calls.at(-1)).toEqual(['listTasks', FULL_NAME]);
  });

  test('that the platform does not answer is tried again, and then rejects: nothing is concluded', async () => {
    const passing = scriptedRunApi({ getExecution: [refusal(14), refusal(4), execution()] });
    expect(await open(passing).look(NAMED)).toMatchObject({ state: 'starting' });
    const failing = scriptedRunApi({ getExecution: [refusal(14)] });
    await expect(open(failing).look(NAMED)).rejects.toMatchObject({ code: 14 });
    expect(failing.calls).toHaveLength(4);
    const denied = scriptedRunApi({ getExecution: [refusal(7)] });
    await expect(open(denied).look(NAMED)).rejects.toMatchObject({ code: 7 });
    expect(denied.calls).toHaveLength(1);
  });

  test('at one that was known and is gone finds nothing, and takes that for no proof', async () => {
    const api = scriptedRunApi({ getExecution: [refusal(5)] });
    expect(await open(api).look(NAMED)).toEqual({ state: 'absent', never: false });
  });

  test('without a name finds the execution by what it was started with', async () => {
    const list = [foreign('rv-other-1', T0 + 5), execution({ startedMs: T0 + 1 })];
    const api = scriptedRunApi({
      listExecutions: [{ executions: [foreign('rv-other-2', T0 + 9)], next: 'more' }, { executions: list }],
    });
    expect(await open(api).look(UNNAMED)).toMatchObject({ state: 'alive', platform_execution: NAME });
    const parent = 'projects/my-project/locations/europe-west1/jobs/-';
    expect(api.calls).toEqual([
      ['listExecutions', parent, { limit: 100, after: undefined }],
      ['listExecutions', parent, { limit: 100, after: 'more' }],
    ]);
  });

  test('for another attempt of the run does not take this one for it', async () => {
    const api = scriptedRunApi({ listExecutions: [{ executions: [execution()] }] });
    expect(await open(api).look({ ...UNNAMED, attempt: 2 })).toEqual({ state: 'absent', never: false });
  });

  test('without a name reads no further than the attempt is old', async () => {
    const old = { executions: [foreign('rv-other-1', T0 - 130_000)], next: 'more' };
    const api = scriptedRunApi({ listExecutions: [old] });
    expect(await open(api).look(UNNAMED)).toEqual({ state: 'absent', never: false });
    expect(api.calls).toHaveLength(1);
  });

  test('without a name reads on when the list is not in order', async () => {
    const mixed = { executions: [foreign('rv-1', T0 - 999_000), foreign('rv-2', T0 + 1)], next: 'more' };
    const api = scriptedRunApi({ listExecutions: [mixed, { executions: [execution()] }] });
    expect(await open(api).look(UNNAMED)).toMatchObject({ state: 'starting', platform_execution: NAME });
  });

  test('that would read for ever rejects: a list read in part proves nothing', async () => {
    const api = scriptedRunApi({ listExecutions: [{ executions: [foreign('rv-1', T0)], next: 'more' }] });
    await expect(open(api).look(UNNAMED)).rejects.toThrow('read in part');
    expect(api.calls).toHaveLength(50);
  });

  test('at a name that is another run’s does not take it for this run, and finds the right one', async () => {
    const api = scriptedRunApi({
      getExecution: [foreign(NAME, T0)],
      listExecutions: [{ executions: [execution({ name: `rv-${'b'.repeat(20)}-right`, running: 1 })] }],
    });
    const view = { state: 'alive', platform_execution: `rv-${'b'.repeat(20)}-right` };
    expect(await open(api).look(NAMED)).toMatchObject(view);
  });

  test('at a name of no form of ours asks for nothing by it', async () => {
    const api = scriptedRunApi({ listExecutions: [{ executions: [] }] });
    const named = { ...NAMED, platform_execution: '../../secrets' };
    expect(await open(api).look(named)).toEqual({ state: 'absent', never: false });
    expect(methodsOf(api)).toEqual(['listExecutions']);
  });
});

describe('asked what an execution is called', () => {
  const other = `rv-${'b'.repeat(20)}-right`;

  test('it reads the one that is named, and no list', async () => {
    const api = scriptedRunApi({ getExecution: [execution()] });
    expect(await open(api).identify(NAMED)).toBe(NAME);
    expect(methodsOf(api)).toEqual(['getExecution']);
  });

  test.each([
    ['that does not exist', [refusal(5)]],
    ['of another run', [foreign(NAME, T0)]],
  ])('by a name %s it finds the right one, or none', async (_, getExecution) => {
    const found = scriptedRunApi({ getExecution, listExecutions: [{ executions: [execution({ name: other })] }] });
    expect(await open(found).identify(NAMED)).toBe(other);
    const none = scriptedRunApi({ getExecution, listExecutions: [{ executions: [] }] });
    expect(await open(none).identify(NAMED)).toBeUndefined();
    expect(methodsOf(none)).toEqual(['getExecution', 'listExecutions']);
  });

  test('it says of several the one that has not ended, and asks for no tasks', async () => {
    const list = [execution({ name: `${other.slice(0, -5)}ended`, completedMs: T0 + 9, failed: 1 }), execution()];
    const api = scriptedRunApi({ listExecutions: [{ executions: list }] });
    expect(await open(api).identify(UNNAMED)).toBe(NAME);
  });

  test('it rejects when the platform does not answer', async () => {
    const api = scriptedRunApi({ getExecution: [refusal(14)] });
    await expect(open(api).identify(NAMED)).rejects.toMatchObject({ code: 14 });
  });
});

test('a start that was made here is found by its name, without a search', async () => {
  const api = scriptedRunApi({
    getJob: [READY],
    runJob: [NAME],
    getExecution: [execution({ startedMs: T0 + 1, running: 1 })],
    cancelExecution: [undefined],
  });
  const jobs = open(api);
  await jobs.start(ORDER);
  expect(await jobs.look(UNNAMED)).toMatchObject({ state: 'alive', platform_execution: NAME });
  await jobs.cancel(UNNAMED, { grace_ms: 0 });
  expect(methodsOf(api)).not.toContain('listExecutions');
});

describe('a cancel', () => {
  const running = execution({ startedMs: T0 + 1, running: 1 });

  test('goes to the attempt’s execution', async () => {
    const api = scriptedRunApi({ getExecution: [running], cancelExecution: [undefined] });
    await open(api).cancel(NAMED, { grace_ms: 5_000 });
    expect(api.calls.at(-1)).toEqual(['cancelExecution', FULL_NAME]);
  });

  test('of another run’s execution, by its name, is not made', async () => {
    const api = scriptedRunApi({ getExecution: [foreign(NAME, T0)], listExecutions: [{ executions: [] }] });
    await open(api).cancel(NAMED, { grace_ms: 0 });
    expect(methodsOf(api)).not.toContain('cancelExecution');
  });

  test.each([
    ['is unknown', [refusal(5)]],
    ['has ended', [execution({ completedMs: T0, succeeded: 1 })]],
  ])('of one that %s is no error', async (_, getExecution) => {
    const api = scriptedRunApi({ getExecution });
    await open(api).cancel(NAMED, { grace_ms: 0 });
    expect(methodsOf(api)).toEqual(['getExecution']);
  });

  test.each([2, 9, 10])('answered with code %i has worked when the execution says so', async (code) => {
    const cancelling = { type: 'Completed', state: 'reconciling' as const, reason: 'CANCELLING', message: '' };
    for (const after of [
      { ...running, cancelled: 1 },
      { ...running, conditions: [cancelling] },
      { ...running, completedMs: T0 + 2, succeeded: 1 },
    ]) {
      const api = scriptedRunApi({ getExecution: [running, after], cancelExecution: [refusal(code)] });
      await open(api).cancel(NAMED, { grace_ms: 0 });
      expect(methodsOf(api)).toEqual(['getExecution', 'cancelExecution', 'getExecution']);
    }
  });

  test.each([2, 9, 10])('answered with code %i of an execution that lives on rejects', async (code) => {
    const api = scriptedRunApi({ getExecution: [running], cancelExecution: [refusal(code)] });
    await expect(open(api).cancel(NAMED, { grace_ms: 0 })).rejects.toMatchObject({ code });
  });

  test('that the platform does not answer is repeated: twice is as good as once', async () => {
    const api = scriptedRunApi({ getExecution: [running], cancelExecution: [refusal(14), undefined] });
    await open(api).cancel(NAMED, { grace_ms: 0 });
    expect(methodsOf(api)).toEqual(['getExecution', 'cancelExecution', 'cancelExecution']);
  });
});

test('the list shows what is ours, with its run, and goes on where a page ended', async () => {
  const api = scriptedRunApi({
    listExecutions: [
      {
        executions: [
          execution({ completedMs: T0 + 5 }),
          execution({ labels: {} }),
          execution({ env: {} }),
          execution({ env: { RUNVOY_EXECUTION_ID: ID, RUNVOY_ATTEMPT: '1e9' } }),
        ],
        next: 'more',
      },
    ],
  });
  expect(await open(api).list({ limit: 4, after: 'before' })).toEqual({
    executions: [{ execution_id: ID, attempt: 1, platform_execution: NAME, ended: true }],
    next: 'more',
  });
  expect(api.calls[0]).toContainEqual({ limit: 4, after: 'before' });
});

test('what is forgotten stays on the platform', async () => {
  const api = scriptedRunApi({});
  await open(api).forget(ID);
  expect(api.calls).toEqual([]);
});
