import { describe, expect, test } from '@jest/globals';
import { needsTasks, viewOf } from '../../src/job-runner/execution-view.ts';
import type { RunCondition, RunExecution, RunTask } from '../../src/job-runner/run-resources.ts';
import { execution, NAME, T0 } from './scripted-run-api.ts';

const condition = (type: string, state: RunCondition['state'], reason = '', message = ''): RunCondition => ({
  type,
  state,
  reason,
  message,
});
const task = (given: Partial<RunTask>): RunTask => ({
  exitCode: undefined,
  termSignal: undefined,
  message: '',
  hasStarted: true,
  ...given,
});
/** Recorded on runs that succeed, too. */
const RETRY = condition('Retry', 'succeeded', 'IMMEDIATE_RETRY', 'System will retry after 0:00:00 for attempt 0.');
const RETRY_PENDING = condition('Retry', 'pending', 'POSTPONED_RETRY', 'quota');

describe('an execution that has not begun', () => {
  test.each<[string, RunCondition[], string | undefined]>([
    ['nothing that is said', [condition('Completed', 'reconciling')], undefined],
    ['its image', [condition('Completed', 'reconciling'), condition('ContainerReady', 'pending')], 'image_pull'],
    [
      'its image, because it may not be read',
      [condition('ContainerReady', 'pending', 'CONTAINER_PERMISSION_DENIED')],
      'image_pull',
    ],
    ['room', [condition('ContainerReady', 'succeeded'), condition('ResourcesAvailable', 'reconciling')], 'capacity'],
    ['a time to start', [condition('Completed', 'reconciling', 'DELAYED_START_PENDING')], 'capacity'],
    [
      'quota',
      [condition('ResourcesAvailable', 'reconciling', '', 'Waiting for quota: CpuAllocPerProjectRegion')],
      'quota',
    ],
    ['nothing, whatever Retry says', [condition('Completed', 'reconciling'), RETRY, RETRY_PENDING], undefined],
  ])('waits for %s', (_, conditions, waiting_for) => {
    const view = { state: 'starting', platform_execution: NAME, ...(waiting_for && { waiting_for }) };
    expect(viewOf(execution({ conditions }), [])).toEqual(view);
  });
});

describe('an execution is alive', () => {
  test.each<[string, Partial<RunExecution>]>([
    ['once it has a start time', { startedMs: T0 + 1 }],
    ['once a task runs, though no start time is written', { running: 1 }],
    ['when no task runs any more, until its completion time is written', { startedMs: T0 + 1, running: 0 }],
    ['when a task has succeeded, until then', { startedMs: T0 + 1, succeeded: 1 }],
    ['when it was cancelled, until then', { startedMs: T0 + 1, cancelled: 1 }],
    [
      'whatever a condition says, until then',
      { startedMs: T0 + 1, conditions: [condition('Completed', 'failed', 'CANCELLED')] },
    ],
  ])('%s', (_, given) => {
    expect(viewOf(execution(given), [])).toEqual({ state: 'alive', platform_execution: NAME, unwatched: false });
  });
});

describe('an execution that has ended', () => {
  const ENDED = { startedMs: T0 + 1, completedMs: T0 + 9 };
  test.each<[string, Partial<RunExecution>, RunTask[], object]>([
    ['with success', { succeeded: 1, conditions: [RETRY] }, [], { kind: 'exited' }],
    ['by a cancel', { cancelled: 1 }, [], { kind: 'cancelled' }],
    [
      'by a cancel, whatever its condition says about the exit',
      { cancelled: 1, conditions: [condition('Completed', 'failed', 'NON_ZERO_EXIT_CODE')] },
      [],
      { kind: 'cancelled' },
    ],
    [
      'by a cancel that no counter tells of',
      { conditions: [condition('Completed', 'failed', 'CANCELLED')] },
      [],
      { kind: 'cancelled' },
    ],
    [
      'with an exit code, which stands in its task alone',
      { failed: 1, conditions: [condition('Completed', 'failed', 'NON_ZERO_EXIT_CODE', 'Task failed.')] },
      [task({ exitCode: 7 })],
      { kind: 'exited', details: 'a container exited with 7: Task failed.' },
    ],
    [
      'by its timeout',
      { failed: 1 },
      [
        task({
          termSignal: 15,
          message: 'Terminating task because it has reached the maximum timeout of 600 seconds.',
        }),
      ],
      {
        kind: 'exited',
        reason: 'timeout',
        details:
          'a container was ended by signal 15: Terminating task because it has reached the maximum timeout of 600 seconds.',
      },
    ],
    [
      'for want of memory',
      { failed: 1 },
      [task({ termSignal: 9, message: 'Memory limit of 512 MiB exceeded with 530 MiB used.' })],
      { kind: 'exited', reason: 'out_of_memory' },
    ],
    [
      'without a task that is still known',
      { failed: 1, conditions: [condition('Completed', 'failed', 'NON_ZERO_EXIT_CODE', 'Task failed.')] },
      [],
      { kind: 'exited', details: 'Task failed.' },
    ],
  ])('%s', (_, given, tasks, end) => {
    const view = viewOf(execution({ ...ENDED, ...given }), tasks);
    expect(view).toMatchObject({ state: 'ended', end: { platform_execution: NAME, at_ms: T0 + 9, ...end } });
    if (view.state !== 'ended') throw new Error('it has not ended');
    expect('reason' in view.end).toBe('reason' in end);
  });

  test.each<[string, RunCondition]>([
    ['image_pull', condition('ContainerReady', 'failed', 'CONTAINER_MISSING', "Image 'x' not found.")],
    ['image_pull', condition('ContainerReady', 'failed', 'CONTAINER_PERMISSION_DENIED')],
    ['image_pull', condition('Completed', 'failed', 'UNKNOWN', 'Failed to pull image x.')],
    ['quota', condition('ResourcesAvailable', 'failed', 'UNKNOWN', 'Quota exceeded for total allowable CPU.')],
  ])('before it began has not started, for the reason %s', (reason, why) => {
    const view = viewOf(execution({ completedMs: T0 + 9, failed: 1, conditions: [why, RETRY] }), []);
    expect(view).toMatchObject({ state: 'ended', end: { kind: 'never_started', reason } });
  });

  test('is asked for its tasks only when nothing else can tell how', () => {
    expect(needsTasks(execution({ ...ENDED, failed: 1 }))).toBe(true);
    expect(needsTasks(execution({ ...ENDED }))).toBe(true);
    expect(needsTasks(execution({ ...ENDED, succeeded: 1 }))).toBe(false);
    expect(needsTasks(execution({ ...ENDED, cancelled: 1, failed: 1 }))).toBe(false);
    expect(needsTasks(execution({ startedMs: T0, failed: 1 }))).toBe(false);
  });
});

test('an end says from when on Cloud Run charges for it, and the size', () => {
  const ended = execution({ startedMs: T0, completedMs: T0 + 1_000, succeeded: 1, vcpu: 2, memoryMib: 1_536 });
  expect(viewOf(ended, [])).toMatchObject({
    state: 'ended',
    end: { at_ms: T0 + 1_000, started_at_ms: T0, vcpu: 2, memory_mib: 1_536 },
  });
});
