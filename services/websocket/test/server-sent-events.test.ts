import { describe, expect, test } from '@jest/globals';
import { apiKeyRef, SETTLE_MS } from '@runvoy/core';
import { KEY_ID, openLiveWorld, ORIGIN } from './live-world.ts';
import { chunkOf, ended, endRecordOf, sampleExecution, sampleLines, T0 } from './sample-execution.ts';

const idsOf = (events: readonly { name: string; id?: string }[]) =>
  events.filter(({ name }) => name === 'message').map(({ id }) => Number(id));

describe('server-sent events', () => {
  test('bring the history, then what comes, then the end, a message for each line', async () => {
    await using world = await openLiveWorld();
    const running = sampleExecution();
    const lines = sampleLines(1, 5, (seq) => `line ${seq}\r data: x`);
    await world.put(running);
    await world.store(chunkOf(lines.slice(0, 2)));
    const events = await world.events();
    await events.untilLine(2);
    await world.store(chunkOf(lines.slice(2)));
    await events.untilLine(5);
    await world.put(ended(running, T0, { end_record: endRecordOf(lines), log_proven: true }));
    expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const all = await events.all;
    expect(all.map(({ name, id }) => (id === undefined ? name : `${name} ${id}`))).toEqual([
      'hello',
      'status',
      ...lines.map(({ seq }) => `message ${seq}`),
      'status',
      'end end',
    ]);
    expect(all.filter(({ name }) => name === 'message').map(({ data }) => data)).toEqual(lines);
    expect(all.at(-1)!.data).toMatchObject({ type: 'end', lines: 5, completeness: 'complete' });
    expect(world.view.viewers()).toBe(0);
  });

  test('resume behind the last event id, whatever the URL says', async () => {
    await using world = await openLiveWorld();
    const lines = sampleLines(1, 9);
    await world.put(ended(sampleExecution(), T0, { end_record: endRecordOf(lines), log_proven: true }));
    await world.store(chunkOf(lines.slice(0, 5)), chunkOf(lines.slice(5)));
    const resumed = await world.events({ after: '1' }, { 'last-event-id': '7' });
    expect(idsOf(await resumed.all)).toEqual([8, 9]);
    const byUrl = await world.events({ after: '6' });
    expect(idsOf(await byUrl.all)).toEqual([7, 8, 9]);
  });

  test('are refused to who says nonsense of what it has seen', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    expect((await world.events({}, { 'last-event-id': 'foo' })).status).toBe(400);
  });

  test('name missing lines, and go on behind them', async () => {
    await using world = await openLiveWorld();
    const lines = sampleLines(1, 6);
    await world.put(ended(sampleExecution(), T0, { end_record: endRecordOf(lines) }));
    await world.store(chunkOf(lines.slice(0, 2)), chunkOf(lines.slice(4)));
    world.clock.advance(SETTLE_MS);
    const all = await (await world.events()).all;
    expect(all.find(({ name }) => name === 'gap')).toEqual({
      name: 'gap',
      id: '4',
      data: { type: 'gap', from: 3, to: 4 },
    });
    expect(idsOf(all)).toEqual([1, 2, 5, 6]);
  });

  test('are answered 204 to who has seen the end, which stops an EventSource', async () => {
    await using world = await openLiveWorld();
    expect((await world.events({}, { 'last-event-id': 'end' })).status).toBe(204);
  });

  test('are refused without a ticket, from a foreign origin and for an unknown execution', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    expect((await world.events({ token: '' })).status).toBe(401);
    expect((await world.events({}, { origin: 'https://evil.example' })).status).toBe(403);
    const unknown = 'f'.repeat(32);
    const ticket = world.ticket({ execution_id: unknown });
    expect((await world.events({ execution_id: unknown, token: ticket })).status).toBe(404);
    expect(world.logged.join()).not.toContain(ticket);
  });

  test('may be read by a page of an allowed origin', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const events = await world.events({}, { origin: ORIGIN });
    expect(events.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    await world.view.close();
    expect((await events.all).at(-1)).toEqual({
      name: 'closed',
      data: { type: 'closed', code: 1012, reason: 'the server restarts; resume with the cursor' },
    });
  });

  test('end for who lost the right to watch', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const events = await world.events();
    await world.records.transact(async (tx) => {
      const key = await tx.get(apiKeyRef(KEY_ID));
      tx.set(apiKeyRef(KEY_ID), { ...key!, revoked: true });
    });
    world.clock.advance(30_000);
    expect((await events.all).at(-1)).toMatchObject({ name: 'closed', data: { code: 1008 } });
  });
});
