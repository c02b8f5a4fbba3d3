import { expect, test } from '@jest/globals';
import { openDeadLetters, type DeadLetters } from '../src/events/dead-letters.ts';
import { drainOutbox } from '../src/events/outbox.ts';
import { Failure } from '../src/failure.ts';
import type { CloudEventEnvelope, EventBus } from '../src/events/event-bus.ts';
import type { Records } from '../src/records/records.ts';
import { manualClock } from '../src/time/clock.ts';
import { sampleEvent, type Deliver } from './event-bus.ts';

/** A bus whose dead letters come to these records, by the provider's own way. */
export interface DeadLettersUnderTest extends AsyncDisposable {
  readonly bus: EventBus;
  readonly records: Records;
  /** Lets some time pass. Called again and again. */
  letTimePass(): Promise<void>;
}

const BY = { email: 'operator@example.com', requestId: 'r1' };

/** What every provider promises of what nobody could carry out. `open` answers a bus that hands its events to `deliver`. */
export function deadLettersContract(open: (deliver: Deliver) => Promise<DeadLettersUnderTest>): void {
  const openWorld = async (deliver: Deliver = async () => 'ack') => {
    const world = await open(deliver);
    const clock = manualClock(1_767_225_600_000);
    const deadLetters = openDeadLetters({ ...world, clock });
    const until = async (count: number) => {
      while ((await deadLetters.count()) !== count) await world.letTimePass();
    };
    return { ...world, clock, deadLetters, until, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  };
  const only = async (deadLetters: DeadLetters) => (await deadLetters.list({ limit: 10 })).letters[0]!;

  test('an event that was put aside is listed with its reason and its route, and shown as it was published', async () => {
    await using world = await openWorld();
    const event = sampleEvent('a', { text: 'emoji \u{1f600}', list: [[1], [2]], deep: { null: null } });
    await world.bus.deadLetter(event, 'no execution ü', '/events/logs');
    await world.until(1);
    const { id, letter } = await only(world.deadLetters);
    expect(letter).toMatchObject({
      state: 'open',
      event_id: 'a',
      type: 'dev.runvoy.test.v1',
      source: '//runvoy.test',
      subject: 'executions/0',
      reason: 'no execution ü',
      route: '/events/logs',
      deaths: 1,
      replays: 0,
    });
    const shown = await world.deadLetters.get(id);
    expect(JSON.parse(Buffer.from(shown.letter.event!).toString())).toEqual(event);
  });

  test('the same event put aside twice is one dead letter', async () => {
    await using world = await openWorld();
    await world.bus.deadLetter(sampleEvent('a'), 'first', '/events');
    await world.bus.deadLetter(sampleEvent('a'), 'second', '/events');
    await world.bus.deadLetter(sampleEvent('b'), 'third', '/events');
    await world.until(2);
    const deathsOf = async () => {
      const { letters } = await world.deadLetters.list({ limit: 10 });
      return letters.map(({ letter }) => [letter.event_id, letter.deaths] as const).toSorted();
    };
    while ((await deathsOf())[0]?.[1] !== 2) await world.letTimePass();
    expect(await deathsOf()).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('a replay delivers the event once more, as it was, and the list is empty', async () => {
    const came = Promise.withResolvers<CloudEventEnvelope>();
    await using world = await openWorld(async (event) => {
      came.resolve(event);
      return 'ack';
    });
    await world.bus.deadLetter(sampleEvent('a', { nested: [[1]] }), 'not yet', '/events');
    await world.until(1);
    const { id } = await only(world.deadLetters);
    expect(await world.deadLetters.replay(id, BY)).toMatchObject({ sent: true, letter: { state: 'replayed' } });
    expect(await came.promise).toEqual(sampleEvent('a', { nested: [[1]] }));
    expect(await world.deadLetters.list({ limit: 10 })).toEqual({ letters: [] });
    expect(await world.deadLetters.count()).toBe(0);
    expect((await world.deadLetters.get(id)).letter).toMatchObject({
      replays: 1,
      settled: { by: BY.email, request_id: 'r1', at_ms: world.clock.now() },
    });
  });

  test('a replayed event that is put aside again is open again, under the same id', async () => {
    await using world = await openWorld();
    await world.bus.deadLetter(sampleEvent('a'), 'first', '/events');
    await world.until(1);
    const { id } = await only(world.deadLetters);
    await world.deadLetters.replay(id, BY);
    await world.bus.deadLetter(sampleEvent('a'), 'still', '/events');
    await world.until(1);
    const again = await only(world.deadLetters);
    expect(again.id).toBe(id);
    expect(again.letter).toMatchObject({ deaths: 2, replays: 1, reason: 'still' });
    expect(again.letter.settled).toBeUndefined();
  });

  test('a second replay of what was sent already is refused, and sends nothing', async () => {
    let deliveries = 0;
    await using world = await openWorld(async () => {
      deliveries++;
      return 'ack';
    });
    await world.bus.deadLetter(sampleEvent('a'), 'why', '/events');
    await world.until(1);
    const { id } = await only(world.deadLetters);
    await world.deadLetters.replay(id, BY);
    await expect(world.deadLetters.replay(id, BY)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('was replayed by operator@example.com at 2026-01-01T00:00:00.000Z'),
    });
    await world.bus.publish(sampleEvent('b'));
    while (deliveries < 2) await world.letTimePass();
    expect(deliveries).toBe(2);
  });

  test('a dropped event is never delivered, twice is once, and who dropped it is kept', async () => {
    const delivered: string[] = [];
    await using world = await openWorld(async ({ id }) => {
      delivered.push(id);
      return 'ack';
    });
    await world.bus.deadLetter(sampleEvent('a'), 'why', '/events');
    await world.until(1);
    const { id } = await only(world.deadLetters);
    await world.deadLetters.drop(id, BY);
    await world.deadLetters.drop(id, { email: 'other@example.com', requestId: 'r2' });
    expect(await world.deadLetters.count()).toBe(0);
    expect((await world.deadLetters.get(id)).letter).toMatchObject({ state: 'dropped', settled: { by: BY.email } });
    await expect(world.deadLetters.replay(id, BY)).rejects.toMatchObject({ code: 'CONFLICT' });
    await world.bus.publish(sampleEvent('b'));
    while (delivered.length === 0) await world.letTimePass();
    expect(delivered).toEqual(['b']);
  });

  test('a replay that the bus does not take is not lost: the next one who drains the outbox sends it', async () => {
    const came = Promise.withResolvers<string>();
    await using world = await openWorld(async ({ id }) => {
      came.resolve(id);
      return 'ack';
    });
    await world.bus.deadLetter(sampleEvent('a'), 'why', '/events');
    await world.until(1);
    const { id } = await only(world.deadLetters);
    const down = { publish: () => Promise.reject(new Failure('STORE_UNAVAILABLE')) };
    const { records, clock } = world;
    const answer = await openDeadLetters({ records, clock, bus: down }).replay(id, BY);
    expect(answer).toMatchObject({ sent: false, letter: { state: 'replayed' } });
    expect(await drainOutbox(world)).toBe(1);
    expect(await came.promise).toBe('a');
    expect(await drainOutbox(world)).toBe(0);
  });

  test('a page tells where the next one begins, and the pages hold each letter once', async () => {
    await using world = await openWorld();
    for (let at = 0; at < 5; at += 1) await world.bus.deadLetter(sampleEvent(`e${at}`), 'why', '/events');
    await world.until(5);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await world.deadLetters.list({ limit: 2, after });
      seen.push(...page.letters.map(({ letter }) => letter.event_id));
      after = page.next;
    } while (after !== undefined);
    expect(seen.toSorted()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
  });

  test('an id that nobody gave is not found', async () => {
    await using world = await openWorld();
    for (const id of ['a'.repeat(20), 'no such', '../x']) {
      await expect(world.deadLetters.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.deadLetters.replay(id, BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.deadLetters.drop(id, BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
}
