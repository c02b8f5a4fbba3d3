import { describe, expect, test } from '@jest/globals';
import { applyEvidence, executionRef } from '@runvoy/core';
import { preferredWait } from '../src/waited-run.ts';
import { openWorld, T0, type World } from './world.ts';

test.each([
  ['wait=10', 10],
  ['respond-async, wait=5', 5],
  ['Wait = "7"', 7],
  ['wait=100', 60],
  ['wait=0', 0],
  ['wait=-1', undefined],
  ['wait', undefined],
  ['await=3', undefined],
  [undefined, undefined],
])('Prefer: %s means a wait of %s seconds', (header, seconds) => {
  expect(preferredWait(header)).toBe(seconds);
});

/** Ends the run that was stored last, as soon as it is stored. */
async function endWhenStored(world: World, exitCode: number): Promise<void> {
  const id = await world.startedOnce();
  const report = {
    cause: 'exited' as const,
    exit_code: exitCode,
    started_at_ms: T0,
    ended_at_ms: T0 + 1_000,
    stored_at_ms: T0 + 1_000,
  };
  const end = { kind: 'exited' as const, platform_execution: 'p', at_ms: T0 + 1_000 };
  await applyEvidence(world, id, [
    { kind: 'bootstrapped', attempt: 1, nonce_hash: 'n', platform_execution: 'p', at_ms: T0 },
    { kind: 'finished', attempt: 1, report },
    { kind: 'platform_ended', attempt: 1, end },
  ]);
}

describe('a run that is waited for', () => {
  test('is answered 200 with its outcome when it has ended', async () => {
    await using world = await openWorld();
    const asked = world.call('POST', '/api/v1/run', { command: 'x' }, undefined, { prefer: 'wait=30' });
    await endWhenStored(world, 3);
    const answer = await asked;
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['preference-applied']).toBe('wait=30');
    expect(answer.json()).toMatchObject({
      status: 'FAILED',
      exit_code: 3,
      stdout: '',
      stderr: '',
      completeness: 'running',
      after: 0,
      websocket_url: expect.stringContaining('ws://'),
    });
  });

  test('is answered 202 when it has not, and goes on', async () => {
    await using world = await openWorld();
    const answer = await world.call('POST', '/api/v1/run', { command: 'x' }, undefined, { prefer: 'wait=1' });
    expect([answer.statusCode, answer.json().status]).toEqual([202, 'STARTING']);
    expect(answer.json()).not.toHaveProperty('exit_code');
    expect((await world.records.get(executionRef(answer.json().execution_id)))?.value.facts.stop).toBeUndefined();
  });

  test('is let go with 202 when the server closes', async () => {
    const world = await openWorld();
    const asked = world.call('POST', '/api/v1/run', { command: 'x' }, undefined, { prefer: 'wait=60' });
    await world.startedOnce();
    await world.app.close();
    expect((await asked).statusCode).toBe(202);
    await world[Symbol.asyncDispose]();
  });
});
