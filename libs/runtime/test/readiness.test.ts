import { describe, expect, test } from '@jest/globals';
import { manualClock } from '@runvoy/core';
import { healthRoutes, newHttpApp, newReadiness, silentLogger, type ReadinessCheck } from '../src/index.ts';

function openWorld(store: ReadinessCheck) {
  const clock = manualClock(0);
  const readiness = newReadiness({ store, other: async () => undefined }, { clock, logger: silentLogger });
  const app = newHttpApp({ logger: silentLogger });
  healthRoutes(app, readiness);
  const ready = async () => {
    const answer = await app.inject('/ready');
    return [answer.statusCode, answer.json()] as const;
  };
  return { app, clock, readiness, ready, [Symbol.asyncDispose]: () => app.close() };
}

describe('readiness', () => {
  test('holds when every check does, and asks again only after a while', async () => {
    let asked = 0;
    await using world = openWorld(async () => {
      asked += 1;
    });
    for (let n = 0; n < 10; n += 1) expect(await world.ready()).toEqual([200, { status: 'ready' }]);
    expect(asked).toBe(1);
    world.clock.advance(5_000);
    await world.ready();
    expect(asked).toBe(2);
  });

  test('names what is missing and not why', async () => {
    await using world = openWorld(async () => {
      throw new Error('secret address');
    });
    expect(await world.ready()).toEqual([503, { status: 'unready', missing: ['store'] }]);
  });

  test('does not wait for ever for a check', async () => {
    await using world = openWorld(() => new Promise(() => undefined));
    const answer = world.readiness.missing();
    world.clock.advance(5_000);
    expect(await answer).toEqual(['store']);
  });

  test('ends with the shutdown, at once, while the process still lives', async () => {
    await using world = openWorld(async () => undefined);
    await world.ready();
    world.readiness.drain();
    expect(await world.ready()).toEqual([503, { status: 'unready', missing: ['shutting down'] }]);
    expect((await world.app.inject('/health')).statusCode).toBe(200);
  });
});
