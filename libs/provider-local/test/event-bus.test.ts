import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { manualClock } from '@runvoy/core';
import { eventBusContract, gate, sampleEvent } from '@runvoy/core/contracts';
import type { Deliver } from '@runvoy/core/contracts';
import { openLocalEventBus } from '@runvoy/provider-local';
import type { LocalEventBusOptions } from '@runvoy/provider-local';
import fc from 'fast-check';
import { retryDelay } from '../src/retry-delay.ts';
import { privateDirectory } from './private-directory.ts';

function openBus(deliver: Deliver, options: Partial<LocalEventBusOptions> = {}) {
  const clock = manualClock(1_000_000);
  const bus = openLocalEventBus({ path: ':memory:', deliver, clock, random: () => 0, ...options });
  const letTimePass = async (ms = 60_000) => {
    // Turns for the bus to fall asleep, to see the time, and to write what came of it.
    await turn();
    clock.advance(ms);
    await turn();
    await turn();
  };
  return { bus, clock, letTimePass, [Symbol.asyncDispose]: () => bus.close() };
}

describe('the local event bus', () => {
  eventBusContract(async (deliver) => openBus(deliver));

  test('what was published and not yet delivered is delivered by the next process', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    const first = openBus(async () => 'retry', { path });
    await first.bus.publish(sampleEvent('a'));
    await first.letTimePass(0);
    await first.bus.close();

    const came = gate();
    await using second = openBus(
      async () => {
        came.open();
        return 'ack';
      },
      { path },
    );
    await second.letTimePass();
    await came.opened;
  });

  test('a delivery that the process did not survive is repeated at once, and was counted', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    const begun = gate();
    // A delivery that never answers, closed without waiting for it: on disk that is what a crash leaves.
    const first = openBus(
      async () => {
        begun.open();
        return new Promise(() => {});
      },
      { path, drainMs: 0 },
    );
    await first.bus.publish(sampleEvent('a'));
    await begun.opened;
    const closing = first.bus.close();
    await first.letTimePass(0);
    await closing;

    await using second = openBus(async () => 'retry', { path, maxAttempts: 2 });
    await second.letTimePass(0);
    expect(await second.bus.deadLetters({ limit: 10 })).toMatchObject([{ attempts: 2 }]);
  });

  test('after its last attempt an event is a dead letter with the reason, and is not delivered again', async () => {
    let tries = 0;
    await using world = openBus(
      async () => {
        tries++;
        throw new Error(`broken ${tries}`);
      },
      { maxAttempts: 3 },
    );
    await world.bus.publish(sampleEvent('a'));
    for (let passed = 0; passed < 10; passed++) await world.letTimePass();
    expect(tries).toBe(3);
    const [letter, ...others] = await world.bus.deadLetters({ limit: 10 });
    expect(letter).toMatchObject({ event: sampleEvent('a'), attempts: 3, reason: 'broken 3' });
    expect(others).toEqual([]);
    expect(await world.bus.deadLetters({ after: letter!.number, limit: 10 })).toEqual([]);
  });

  test('an event that its receiver gave up is a dead letter among the others, and is never delivered', async () => {
    const tried: string[] = [];
    await using world = openBus(
      async ({ id }) => {
        tried.push(id);
        return 'retry';
      },
      { maxAttempts: 1 },
    );
    await world.bus.deadLetter(sampleEvent('given up'), 'it names nothing', '/events');
    await world.bus.deadLetter(sampleEvent('given up'), 'it names nothing', '/events');
    await world.bus.publish(sampleEvent('given up'));
    await world.letTimePass();
    expect(tried).toEqual(['given up']);
    const letters = await world.bus.deadLetters({ limit: 10 });
    expect(letters.map(({ reason }) => reason)).toEqual([
      'it names nothing',
      'it names nothing',
      'The receiver asked for it again.',
    ]);
    expect(letters[0]).toMatchObject({ event: sampleEvent('given up'), attempts: 1 });
  });

  test('a hundred attempts are made unless told otherwise', async () => {
    let tries = 0;
    await using world = openBus(async () => {
      tries++;
      return 'retry';
    });
    await world.bus.publish(sampleEvent('a'));
    while ((await world.bus.deadLetters({ limit: 10 })).length === 0) await world.letTimePass();
    for (let passed = 0; passed < 5; passed++) await world.letTimePass();
    expect(tries).toBe(100);
    expect(await world.bus.deadLetters({ limit: 10 })).toMatchObject([{ reason: 'The receiver asked for it again.' }]);
  });

  test('a delivery that gives no answer comes again when its time is over', async () => {
    let tries = 0;
    await using world = openBus(
      async () => {
        tries++;
        return tries === 1 ? new Promise(() => {}) : 'ack';
      },
      { leaseMs: 30_000 },
    );
    await world.bus.publish(sampleEvent('a'));
    await world.letTimePass(0);
    await world.letTimePass(29_999);
    expect(tries).toBe(1);
    await world.letTimePass(1);
    await world.letTimePass(1_000);
    expect(tries).toBe(2);
  });

  test('no more deliveries than allowed are under way at once', async () => {
    const go = gate();
    let [underWay, most, done] = [0, 0, 0];
    await using world = openBus(
      async () => {
        most = Math.max(most, ++underWay);
        await go.opened;
        underWay--;
        done++;
        return 'ack';
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 10 }, (_, index) => world.bus.publish(sampleEvent(`e${index}`))));
    await world.letTimePass(0);
    expect(underWay).toBe(3);
    go.open();
    while (done < 10) await world.letTimePass(0);
    expect(most).toBe(3);
  });

  test('an event published again while it waits is delivered once', async () => {
    let tries = 0;
    await using world = openBus(async () => {
      tries++;
      return 'ack';
    });
    await Promise.all([world.bus.publish(sampleEvent('a')), world.bus.publish(sampleEvent('a'))]);
    await world.letTimePass();
    expect(tries).toBe(1);
  });

  test('closing waits for the deliveries under way and begins no other', async () => {
    const [begun, go] = [gate(), gate()];
    let done = 0;
    const world = openBus(
      async () => {
        begun.open();
        await go.opened;
        done++;
        return 'ack';
      },
      { concurrency: 1 },
    );
    await Promise.all([world.bus.publish(sampleEvent('a')), world.bus.publish(sampleEvent('b'))]);
    await begun.opened;
    const closing = world.bus.close();
    go.open();
    await closing;
    expect(done).toBe(1);
    await expect(world.bus.publish(sampleEvent('c'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a queue of a newer version is refused, naming both', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    await openBus(async () => 'ack', { path }).bus.close();
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(path);
    database.exec("UPDATE meta SET value = 9 WHERE name = 'event_queue'");
    database.close();
    expect(() => openBus(async () => 'ack', { path })).toThrow('version 9, this program knows 2');
  });
});

describe('the pause before a retry', () => {
  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [6, 32_000],
    [7, 60_000],
    [100, 60_000],
  ])('after attempt %i is %i ms at most', (attempt, longest) => {
    expect(retryDelay(attempt, 0)).toBe(longest);
  });

  test('lies between a second and a minute, whatever chance says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delay = retryDelay(attempt, random);
        expect(delay).toBeGreaterThanOrEqual(1_000);
        expect(delay).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
