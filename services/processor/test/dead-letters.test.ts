import { describe, expect, test } from '@jest/globals';
import { openDeadLetters, type CloudEventEnvelope } from '@runvoy/core';
import { ID, openEventWorld } from './event-world.ts';

const BY = { email: 'o@example.com', requestId: 'r' };
const look = (id: string): CloudEventEnvelope => ({
  specversion: '1.0',
  id: `look-${id}`,
  source: '/runvoy/core',
  type: 'dev.runvoy.execution.look.v1',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  data: { execution_id: id },
});
const push = (message: { data: string; messageId: string; attributes?: Record<string, string> }) => ({
  message,
  subscription: 'projects/p/subscriptions/dead',
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** The routes for events, with what reads marks as a deployment has it. */
async function openWorld() {
  const world = await openEventWorld({
    readDeadLetterMark: ({ reason = 'none', route = '/events' }) => ({ reason, route, attempts: 3 }),
  });
  const published: CloudEventEnvelope[] = [];
  const bus = { publish: async (event: CloudEventEnvelope) => void published.push(event) };
  return { ...world, published, deadLetters: openDeadLetters({ ...world, bus }) };
}

describe('/events/dead-letters', () => {
  test('keeps what was put aside, with what stands beside it, and a second delivery changes nothing', async () => {
    await using world = await openWorld();
    const attributes = { reason: 'no execution', route: '/events/logs' };
    const message = { data: base64(JSON.stringify(look(ID))), messageId: 'm1', attributes };
    expect((await world.inject('/events/dead-letters', push(message))).statusCode).toBe(204);
    expect((await world.inject('/events/dead-letters', push(message))).statusCode).toBe(204);
    const { letters } = await world.deadLetters.list({ limit: 10 });
    expect(letters).toMatchObject([
      { letter: { event_id: `look-${ID}`, reason: 'no execution', route: '/events/logs', attempts: 3, deaths: 1 } },
    ]);
  });

  test('keeps what is no event at all, and a replay offers it to be read once more', async () => {
    await using world = await openWorld();
    const message = { data: base64('no JSON'), messageId: 'm1', attributes: { reason: 'unreadable' } };
    await world.inject('/events/dead-letters', push(message));
    const { letters } = await world.deadLetters.list({ limit: 10 });
    expect(letters).toMatchObject([{ letter: { type: 'dev.runvoy.unreadable.v1', reason: 'unreadable' } }]);
    await world.deadLetters.replay(letters[0]!.id, BY);
    const [again] = world.published;
    const headers = { 'content-type': 'application/cloudevents+json' };
    expect((await world.inject('/events', again!, headers)).statusCode).toBe(204);
    expect(world.dead).toMatchObject([
      { event: { id: again!.id }, reason: 'The request is not a CloudEvent: the pushed message is not JSON' },
    ]);
  });

  test('a request that could not be read is put aside in its own form, and is carried out when it can be read', async () => {
    await using world = await openWorld();
    await world.inject('/events/logs', { data: 'of no known form' });
    const [unread] = world.dead;
    expect(unread).toMatchObject({
      event: { data: { headers: { 'content-type': 'application/json' }, body: { data: 'of no known form' } } },
    });
    // What a version that knows the form would be given.
    const data = { headers: { 'content-type': 'application/cloudevents+json' }, body: look('c'.repeat(32)) };
    const event = { ...unread!.event, data };
    await world.inject('/events', event, { 'content-type': 'application/cloudevents+json' });
    expect(world.dead[1]!.reason).toContain('c'.repeat(32));
  });

  test('takes in a message as large as Pub/Sub carries, and says that it was not kept whole', async () => {
    await using world = await openWorld();
    const large = { ...look(ID), data: 'x'.repeat(7 * 1_024 * 1_024) };
    const message = { data: base64(JSON.stringify(large)), messageId: 'm1', attributes: { reason: 'why' } };
    expect((await world.inject('/events/dead-letters', push(message))).statusCode).toBe(204);
    const [kept] = (await world.deadLetters.list({ limit: 10 })).letters;
    expect(kept!.letter.event).toBeUndefined();
    expect(kept!.letter.event_bytes).toBeGreaterThan(7 * 1_024 * 1_024);
    await expect(world.deadLetters.replay(kept!.id, BY)).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
    await world.deadLetters.drop(kept!.id, BY);
    expect(await world.deadLetters.count()).toBe(0);
  });

  test('is not there where the bus brings its dead letters itself', async () => {
    await using world = await openEventWorld();
    expect((await world.inject('/events/dead-letters', {})).statusCode).toBe(404);
  });
});
