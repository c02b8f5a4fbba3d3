import { describe, expect, test } from '@jest/globals';
import { applyEvidence, executionRef, notePlatformEntry, type PlatformView } from '@runvoy/core';
import type { ExplainBody } from '@runvoy/protocol';
import { openWorld, T0, type World } from './world.ts';

async function run(world: World): Promise<string> {
  return (await world.call('POST', '/api/v1/run', { command: 'echo hi' })).json().execution_id;
}

async function explain(world: World, id: string): Promise<ExplainBody> {
  return (await world.call('GET', `/api/v1/executions/${id}/explain`)).json();
}

describe('explain', () => {
  test('answers with the evidence, the wait and who looks next', async () => {
    await using world = await openWorld();
    const id = await run(world);
    expect(await explain(world, id)).toMatchObject({
      execution_id: id,
      status: 'STARTING',
      summary: 'waiting for the platform to confirm its start',
      evidence: [{ kind: 'requested' }, { kind: 'start_made', attempt: 1 }, { kind: 'platform_now' }],
      waiting_for: { what: 'platform', since: new Date(T0).toISOString() },
      next: [
        { who: 'server', at: new Date(T0 + 60_000).toISOString() },
        { who: 'server', at: new Date(T0 + 600_000).toISOString() },
      ],
      faults: [],
      platform_notes: [],
    });
  });

  test('of a run that waits for a slot names its place, and the limit that has no room', async () => {
    const limits = { deployment: 1, user: 0, image: 0, queue_timeout_s: 60 };
    await using world = await openWorld({ limits });
    await run(world);
    const { waiting_for } = await explain(world, await run(world));
    expect(waiting_for).toMatchObject({
      what: 'slot',
      text: expect.stringContaining(
        'It has place 1 of 1: no more than one run of this server may be under way at once.',
      ),
    });
  });

  test('tells what the platform says now, and stores nothing of it', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const before = await world.records.get(executionRef(id));
    world.shows({ state: 'starting', platform_execution: 'p', waiting_for: 'quota' });
    expect((await explain(world, id)).waiting_for).toMatchObject({ what: 'quota' });
    expect(await world.records.get(executionRef(id))).toEqual(before);
  });

  test('answers without the platform when that fails, and when it is too slow', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const last = async () => (await explain(world, id)).evidence.at(-1)?.text;
    world.shows(new Error('503'));
    expect(await last()).toBe('The platform was asked just now and did not answer.');
    let hasAsked = () => {};
    const asked = new Promise<void>((resolve) => (hasAsked = resolve));
    world.shows(() => {
      hasAsked();
      return new Promise<PlatformView>(() => {});
    });
    const slow = last();
    await asked;
    world.clock.advance(3_000);
    expect(await slow).toBe('The platform was asked just now and did not answer.');
  });

  test('a run that has ended is told without asking the platform, with what its log said', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const end = { platform_execution: 'p', at_ms: T0 + 2_000, kind: 'exited', reason: 'out_of_memory' } as const;
    await applyEvidence(world, id, [
      { kind: 'bootstrapped', attempt: 1, nonce_hash: 'n', platform_execution: 'p', at_ms: T0 },
      { kind: 'platform_ended', attempt: 1, end },
      { kind: 'lane_settled', attempt: 1 },
    ]);
    await notePlatformEntry(world, { kind: 'system', platform_execution: 'p', text: 'Memory limit', at_ms: T0 });
    world.shows(new Error('nobody asks'));
    const body = await explain(world, id);
    expect(body).toMatchObject({
      status: 'FAILED',
      reason: 'out_of_memory',
      summary: 'it used more memory than it has',
      platform_notes: [{ text: 'Memory limit' }],
    });
    expect(body.evidence.map(({ kind }) => kind)).not.toContain('platform_now');
    expect(body).not.toHaveProperty('waiting_for');
  });

  test('is for who may read the run, and for nobody else', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const path = `/api/v1/executions/${id}/explain`;
    const status = async (role: 'operator' | 'developer') =>
      (await world.call('GET', path, undefined, await world.keyOf(`${role}@example.com`, role))).statusCode;
    expect([await status('operator'), await status('developer')]).toEqual([200, 403]);
    expect((await world.call('GET', `/api/v1/executions/${'0'.repeat(32)}/explain`)).statusCode).toBe(404);
  });
});
