import { describe, expect, test } from '@jest/globals';
import { executionBody, executionStatusBody } from '../../src/executions/execution-body.ts';
import { waitingFor } from '../../src/executions/waiting-for.ts';
import { RunWorld, T0 } from '../run-world.ts';
import { after, bootstrapped, finished, laneSettled, platformEnded, starting, stopRequested } from './facts.ts';

test('a running execution has no end: code 0 in lists as in runvoy, null in its status', () => {
  const running = after(bootstrapped());
  expect(executionBody(running)).toMatchObject({
    status: 'RUNNING',
    exit_code: 0,
    started_at: '1970-01-01T00:00:01.000Z',
  });
  expect(executionBody(running)).not.toHaveProperty('completed_at');
  expect(executionBody(running)).not.toHaveProperty('duration_seconds');
  expect(executionStatusBody(running).exit_code).toBeNull();
});

test('an ended one has its code, its reason, and how long the command took', () => {
  const ended = after(
    bootstrapped(),
    finished({ cause: 'timeout', started_at_ms: 2_500, ended_at_ms: 5_000 }),
    platformEnded(),
  );
  expect(executionBody(ended)).toMatchObject({
    status: 'FAILED',
    exit_code: 124,
    reason: 'timeout',
    completed_at: '1970-01-01T00:00:05.000Z',
    duration_seconds: 3,
  });
  expect(executionStatusBody(ended)).toMatchObject({ exit_code: 124, duration_ms: 2_500 });
});

test('no duration is negative, whatever the clocks say', () => {
  const ended = after(
    bootstrapped(),
    finished({ exit_code: 0, started_at_ms: 9_000, ended_at_ms: 4_000 }),
    platformEnded(),
  );
  expect(executionBody(ended).duration_seconds).toBe(0);
});

describe('an execution waits', () => {
  test.each([
    ['for the word of the platform', starting, 'platform'],
    ['for its runner', after({ kind: 'platform_named', attempt: 1, platform_execution: 'platform/1' }), 'runner'],
    ['for nothing while its command runs', after(bootstrapped()), undefined],
    ['for the confirmation of its stop', after(bootstrapped(), stopRequested), 'stop_confirmation'],
    ['for the platform after its report', after(bootstrapped(), stopRequested, finished({})), 'platform_end'],
    ['for its last lines after an end without a report', after(bootstrapped(), platformEnded()), 'last_lines'],
    ['for nothing after its end', after(platformEnded(), laneSettled()), undefined],
  ])('%s', (_, execution, expected) => {
    expect(waitingFor(execution)).toBe(expected);
  });
});

test('nothing of the environment is in any body', async () => {
  const world = await RunWorld.open();
  const run = await world.running({ env: { MY_NAME: 'my value' } });
  const execution = await run.execution();
  expect(JSON.stringify([executionBody(execution), executionStatusBody(execution)])).not.toMatch(/my value|MY_NAME/);
});

test('a log is running until the end, then unproven until it is proven', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  expect(executionBody(await run.execution())).not.toHaveProperty('log');
  await run.finish({}, 'one');
  expect(executionBody(await run.execution()).log).toMatchObject({ completeness: 'running', lines: 1, bytes: 3 });
  world.jobs.ended(1, T0);
  await run.look();
  expect(executionBody(await run.execution()).log?.completeness).toBe('unproven');
});
