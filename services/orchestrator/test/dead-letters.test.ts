import { describe, expect, test } from '@jest/globals';
import { recordDeath } from '@runvoy/core';
import type { ListDeadLettersAnswer } from '@runvoy/protocol';
import { openWorld, T0, type World } from './world.ts';

const event = (id: string) => ({
  specversion: '1.0' as const,
  id,
  source: '/test',
  type: 'dev.runvoy.execution.look.v1',
  time: '2026-01-01T00:00:00Z',
  datacontenttype: 'application/json' as const,
  data: { execution_id: 'c'.repeat(32) },
});

async function putAside(world: World, id: string): Promise<string> {
  const death = { event: event(id), reason: 'No execution', attempts: 1, route: '/events' };
  return (await recordDeath(world, death)).id;
}

const listed = async (world: World, query = ''): Promise<ListDeadLettersAnswer> =>
  (await world.call('GET', `/api/v1/dead-letters${query}`)).json();

describe('dead letters', () => {
  test('are listed without the event, and shown with it', async () => {
    await using world = await openWorld();
    expect(await listed(world)).toEqual({ dead_letters: [], count: 0 });
    const id = await putAside(world, 'a');
    const body = {
      dead_letter_id: id,
      state: 'open',
      event_id: 'a',
      type: 'dev.runvoy.execution.look.v1',
      source: '/test',
      event_time: '2026-01-01T00:00:00Z',
      event_bytes: JSON.stringify(event('a')).length,
      route: '/events',
      reason: 'No execution',
      attempts: 1,
      deaths: 1,
      replays: 0,
      first_died_at: new Date(T0).toISOString(),
      died_at: new Date(T0).toISOString(),
      expires_at: new Date(T0 + 90 * 86_400_000).toISOString(),
    };
    expect(await listed(world)).toEqual({ dead_letters: [body], count: 1 });
    const shown = await world.call('GET', `/api/v1/dead-letters/${id}`);
    expect(shown.json()).toEqual({ ...body, event: event('a') });
  });

  test('come in pages, the longest dead first', async () => {
    await using world = await openWorld();
    for (const id of ['a', 'b', 'c']) {
      await putAside(world, id);
      world.clock.advance(1_000);
    }
    const first = await listed(world, '?limit=2');
    const second = await listed(world, `?limit=2&after=${encodeURIComponent(first.next!)}`);
    const ids = [...first.dead_letters, ...second.dead_letters].map(({ event_id }) => event_id);
    expect([ids, first.count, second.next]).toEqual([['a', 'b', 'c'], 3, undefined]);
    for (const limit of ['0', '101', 'x']) {
      expect((await world.call('GET', `/api/v1/dead-letters?limit=${limit}`)).statusCode).toBe(400);
    }
  });

  test('a replay is answered with who asked for it, is not done twice, and waits for the tick where there is no bus', async () => {
    await using world = await openWorld();
    const id = await putAside(world, 'a');
    const replayed = await world.call('POST', `/api/v1/dead-letters/${id}/replay`);
    expect(replayed.statusCode).toBe(200);
    expect(replayed.json()).toMatchObject({
      state: 'replayed',
      replays: 1,
      sent: false,
      settled: { by: 'admin@example.com', at: new Date(T0).toISOString() },
    });
    expect((await world.call('POST', `/api/v1/dead-letters/${id}/replay`)).statusCode).toBe(409);
    expect(await listed(world)).toEqual({ dead_letters: [], count: 0 });
  });

  test('dropping twice is dropping once', async () => {
    await using world = await openWorld();
    const id = await putAside(world, 'a');
    for (let time = 1; time <= 2; time += 1) {
      const dropped = await world.call('DELETE', `/api/v1/dead-letters/${id}`);
      expect([dropped.statusCode, dropped.json().state]).toEqual([200, 'dropped']);
    }
    expect((await world.call('POST', `/api/v1/dead-letters/${id}/replay`)).json().code).toBe('CONFLICT');
  });

  test('an id that nobody gave is 404', async () => {
    await using world = await openWorld();
    for (const [method, path] of [
      ['GET', 'nonsense'],
      ['GET', 'a'.repeat(20)],
      ['POST', `${'a'.repeat(20)}/replay`],
      ['DELETE', '%2e%2e'],
    ] as const) {
      expect((await world.call(method, `/api/v1/dead-letters/${path}`)).statusCode).toBe(404);
    }
  });

  test.each([
    ['operator', 200],
    ['developer', 403],
    ['viewer', 403],
  ] as const)('an %s is answered with %i', async (role, status) => {
    await using world = await openWorld();
    const id = await putAside(world, 'a');
    const key = await world.keyOf(`${role}@example.com`, role);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', `/${id}`],
      ['POST', `/${id}/replay`],
    ] as const) {
      const answer = await world.call(method, `/api/v1/dead-letters${path}`, undefined, key);
      expect([path, answer.statusCode]).toEqual([path, status]);
    }
  });
});
