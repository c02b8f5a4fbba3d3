import { describe, expect, test } from '@jest/globals';
import { appendBatch, applyEvidence, newChunk } from '@runvoy/core';
import { openWorld, T0, type World } from './world.ts';

async function run(world: World, key?: string): Promise<string> {
  return (await world.call('POST', '/api/v1/run', { command: 'echo hi' }, key)).json().execution_id;
}

async function writeLines(world: World, id: string, from: number, texts: readonly string[]): Promise<void> {
  const lines = texts.map((text, index) => ({ seq: from + index, stream: 'stdout' as const, ms: T0, text }));
  await appendBatch(world, id, { from, lines, expires_at: 0, key_id: 'k', mac: '' });
}

/** The whole life at once: bootstrapped, exited with 0, gone. */
async function finish(world: World, id: string): Promise<void> {
  const end = { platform_execution: 'p', at_ms: T0 + 2_000, kind: 'exited' as const };
  const report = {
    cause: 'exited' as const,
    exit_code: 0,
    started_at_ms: T0,
    ended_at_ms: T0 + 2_000,
    stored_at_ms: T0 + 2_000,
  };
  await applyEvidence(world, id, [
    { kind: 'bootstrapped', attempt: 1, nonce_hash: 'n', platform_execution: 'p', at_ms: T0 },
    { kind: 'finished', attempt: 1, report },
    { kind: 'platform_ended', attempt: 1, end },
  ]);
}

describe('executions', () => {
  test('an empty list is an empty array', async () => {
    await using world = await openWorld();
    expect((await world.call('GET', '/api/v1/executions')).json()).toEqual([]);
  });

  test('the list is newest first, bounded, and filtered by status', async () => {
    await using world = await openWorld();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.push(await run(world));
      world.clock.advance(1_000);
    }
    await finish(world, ids[1]!);
    const listed = async (query: string) =>
      (await world.call('GET', `/api/v1/executions${query}`))
        .json()
        .map((e: { execution_id: string }) => e.execution_id);
    expect(await listed('')).toEqual([ids[2], ids[1], ids[0]]);
    expect(await listed('?limit=1')).toEqual([ids[2]]);
    expect(await listed('?limit=0')).toHaveLength(3);
    expect(await listed('?status=SUCCEEDED,FAILED')).toEqual([ids[1]]);
  });

  test('a status is null-coded until the end, and true after it', async () => {
    await using world = await openWorld();
    const id = await run(world);
    expect((await world.call('GET', `/api/v1/executions/${id}/status`)).json()).toMatchObject({
      status: 'STARTING',
      exit_code: null,
      started_at: '2026-01-01T00:00:00.000Z',
      waiting_for: 'platform',
      reason_text: 'waiting for the platform to confirm its start',
    });
    await finish(world, id);
    expect((await world.call('GET', `/api/v1/executions/${id}/status`)).json()).toMatchObject({
      status: 'SUCCEEDED',
      exit_code: 0,
      completed_at: '2026-01-01T00:00:02.000Z',
      duration_ms: 2_000,
    });
  });

  test('an owner reads and stops a run; another developer is refused, whether it exists or not', async () => {
    await using world = await openWorld();
    const owner = await world.keyOf('owner@example.com', 'developer');
    const other = await world.keyOf('other@example.com', 'developer');
    const id = await run(world, owner);
    for (const path of ['', '/status', '/logs']) {
      expect((await world.call('GET', `/api/v1/executions/${id}${path}`, undefined, owner)).statusCode).toBe(200);
      expect((await world.call('GET', `/api/v1/executions/${id}${path}`, undefined, other)).statusCode).toBe(403);
    }
    const missing = 'f'.repeat(32);
    expect((await world.call('GET', `/api/v1/executions/${missing}/status`, undefined, other)).statusCode).toBe(403);
    expect((await world.call('GET', `/api/v1/executions/${missing}/status`)).statusCode).toBe(404);
    expect((await world.call('DELETE', `/api/v1/executions/${id}`, undefined, other)).statusCode).toBe(403);
    expect((await world.call('DELETE', `/api/v1/executions/${id}`, undefined, owner)).statusCode).toBe(200);
  });

  test('a stop is requested once; asked again, or after the end, the answer is 204 without a body', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const first = await world.call('DELETE', `/api/v1/executions/${id}`);
    expect(first.statusCode).toBe(200);
    expect(first.json()).toEqual({ execution_id: id, message: 'Execution termination initiated' });
    expect(world.cancelled).toEqual([id]);
    const again = await world.call('DELETE', `/api/v1/executions/${id}`);
    expect([again.statusCode, again.body]).toEqual([204, '']);
    expect(world.cancelled).toEqual([id]);
    expect((await world.call('GET', `/api/v1/executions/${id}/status`)).json()).toMatchObject({
      status: 'TERMINATING',
      cancel: { requested: '2026-01-01T00:00:00.000Z' },
    });
  });
});

describe('a stop in a hurry', () => {
  test('leaves a run that is stopping less time, is answered 200 then, and 204 when there is none to take', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await world.call('DELETE', `/api/v1/executions/${id}?grace=600`);
    const forced = await world.call('DELETE', `/api/v1/executions/${id}?force=true`);
    expect(forced.statusCode).toBe(200);
    expect(forced.json()).toEqual({ execution_id: id, message: 'Execution termination hastened' });
    expect((await world.call('DELETE', `/api/v1/executions/${id}?force=true`)).statusCode).toBe(204);
    expect((await world.call('DELETE', `/api/v1/executions/${id}?grace=30`)).statusCode).toBe(204);
    const { cancel } = (await world.call('GET', `/api/v1/executions/${id}/status`)).json();
    expect(cancel).toEqual({
      requested: '2026-01-01T00:00:00.000Z',
      hastened: '2026-01-01T00:00:00.000Z',
      confirm_by: '2026-01-01T00:03:00.000Z',
    });
  });

  test.each([
    ['force=perhaps', 400, 'force'],
    ['forced=true', 400, 'this path takes force, grace'],
    ['force=', 400, 'not empty'],
    ['force=true&force=false', 400, 'force'],
    ['force=true&grace=5', 400, 'exclude each other'],
    ['grace=soon', 400, 'grace'],
    ['grace=-1', 400, 'grace'],
    ['grace=3601', 422, '0 to 3600 seconds'],
  ])('%s is refused with %i, and nothing is stopped', async (query, code, words) => {
    await using world = await openWorld();
    const id = await run(world);
    const answer = await world.call('DELETE', `/api/v1/executions/${id}?${query}`);
    expect([answer.statusCode, answer.body]).toEqual([code, expect.stringContaining(words)]);
    expect(world.cancelled).toEqual([]);
    expect((await world.call('GET', `/api/v1/executions/${id}/status`)).json().cancel).toBeUndefined();
  });
});

describe('logs over REST', () => {
  test('a run that goes on has null events and a live view, until somebody asks for a page', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await writeLines(world, id, 1, ['a', 'b', 'c']);
    const live = (await world.call('GET', `/api/v1/executions/${id}/logs`)).json();
    expect(live).toMatchObject({ events: null, status: 'STARTING' });
    expect(live.websocket_url).toContain('token=');
    const page = (await world.call('GET', `/api/v1/executions/${id}/logs?after=1&limit=1`)).json();
    expect(page).toMatchObject({ events: [{ event_id: '2', message: 'b', stream: 'stdout' }], next_after: 2 });
  });

  test('a run that ended has its whole history; an empty line is one space for clients that drop empty ones', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await writeLines(world, id, 1, ['a', '']);
    await finish(world, id);
    const whole = (await world.call('GET', `/api/v1/executions/${id}/logs`)).json();
    expect(whole.websocket_url).toBeUndefined();
    expect(whole.completeness).toBe('running');
    expect(whole.events.map((event: { message: string }) => event.message)).toEqual(['a', ' ']);
    const page = (await world.call('GET', `/api/v1/executions/${id}/logs?after=1`)).json();
    expect(page.events[0].message).toBe('');
  });

  test('pages by cursor give every line once, in order, across batches', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await writeLines(world, id, 1, ['1', '2', '3']);
    await writeLines(world, id, 4, ['4']);
    await writeLines(world, id, 5, ['5', '6', '7']);
    const seen: string[] = [];
    let after = 0;
    while (seen.length < 7) {
      const page = (await world.call('GET', `/api/v1/executions/${id}/logs?after=${after}&limit=2`)).json();
      seen.push(...page.events.map((event: { message: string }) => event.message));
      after = page.next_after;
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  test.each(['after=x', 'limit=0', 'after=-1', 'limit=1.5'])('refuses %s', async (query) => {
    await using world = await openWorld();
    const id = await run(world);
    expect((await world.call('GET', `/api/v1/executions/${id}/logs?${query}`)).statusCode).toBe(400);
  });

  test('a chunk holds what it was made of', () => {
    const lines = [{ seq: 1, stream: 'stdout' as const, ms: 1, text: 'ü' }];
    const chunk = newChunk('e', { from: 1, lines, expires_at: 0, key_id: 'k', mac: '' }, 5);
    expect(new TextDecoder().decode(chunk.body)).toBe('[{"seq":1,"stream":"stdout","ms":1,"text":"ü"}]');
  });
});
