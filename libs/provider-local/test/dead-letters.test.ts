import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import { manualClock, openDeadLetters, recordDeath } from '@runvoy/core';
import { deadLettersContract, sampleEvent } from '@runvoy/core/contracts';
import type { Deliver } from '@runvoy/core/contracts';
import { openLocalEventBus, openSqliteRecords, type LocalEventBusOptions } from '@runvoy/provider-local';
import { privateDirectory } from './private-directory.ts';

async function openWorld(deliver: Deliver, options: Partial<LocalEventBusOptions> = {}) {
  const clock = manualClock(1_000_000);
  const records = openSqliteRecords(':memory:');
  const keepDead = async (death: Parameters<typeof recordDeath>[1]) =>
    void (await recordDeath({ records, clock }, death));
  const bus = openLocalEventBus({ path: ':memory:', deliver, clock, random: () => 0, keepDead, ...options });
  return {
    bus,
    records,
    clock,
    async letTimePass(ms = 60_000) {
      await turn();
      clock.advance(ms);
      await turn();
    },
    async [Symbol.asyncDispose]() {
      await bus.close();
      records.close();
    },
  };
}

describe('dead letters on one machine', () => {
  deadLettersContract(openWorld);

  test('an event that was refused as often as it may be is among them, with the last reason', async () => {
    let tries = 0;
    await using world = await openWorld(
      async () => {
        throw new Error(`broken ${++tries}`);
      },
      { maxAttempts: 3 },
    );
    const deadLetters = openDeadLetters(world);
    await world.bus.publish(sampleEvent('a'));
    while ((await deadLetters.count()) === 0) await world.letTimePass();
    const { letters } = await deadLetters.list({ limit: 10 });
    expect(letters).toMatchObject([{ letter: { attempts: 3, reason: 'broken 3', route: '/events', deaths: 1 } }]);
    expect(await world.bus.deadLetters({ limit: 10 })).toEqual([]);
  });

  test('what the records do not take stays in the queue, and is offered again', async () => {
    let isFull = true;
    const kept: string[] = [];
    await using world = await openWorld(async () => 'ack', {
      keepDead: async ({ event }) => {
        if (isFull) throw new Error('no space left on device');
        kept.push(event.id);
      },
    });
    await world.bus.deadLetter(sampleEvent('a'), 'why', '/events');
    await world.letTimePass();
    expect(kept).toEqual([]);
    expect(await world.bus.deadLetters({ limit: 10 })).toHaveLength(1);
    isFull = false;
    while (kept.length === 0) await world.letTimePass();
    await world.letTimePass();
    expect(kept).toEqual(['a']);
    expect(await world.bus.deadLetters({ limit: 10 })).toEqual([]);
  });

  test('what was given up before a crash is taken over by the next process, and counted once', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    // Taken over, and the process ends before the queue forgets it: what a crash leaves.
    await using first = await openWorld(async () => 'ack');
    let deaths: Parameters<typeof recordDeath>[1][] = [];
    const crashed = await openWorld(async () => 'ack', {
      path,
      keepDead: async (death) => {
        deaths = [...deaths, death];
        await recordDeath(first, death);
        throw new Error('killed');
      },
    });
    await crashed.bus.deadLetter(sampleEvent('a'), 'why', '/events/tick');
    while (deaths.length === 0) await crashed.letTimePass(0);
    await crashed[Symbol.asyncDispose]();
    await using second = await openWorld(async () => 'ack', {
      path,
      keepDead: async (death) => void (await recordDeath(first, death)),
    });
    while ((await second.bus.deadLetters({ limit: 1 })).length > 0) await second.letTimePass();
    const { letters } = await openDeadLetters(first).list({
      limit: 10,
    });
    expect(letters).toMatchObject([{ letter: { event_id: 'a', deaths: 1, route: '/events/tick' } }]);
  });

  test('what a queue of version 1 gave up is taken over', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    writeVersion1(path);
    const kept: unknown[] = [];
    await using world = await openWorld(async () => 'ack', { path, keepDead: async (death) => void kept.push(death) });
    while (kept.length === 0) await world.letTimePass();
    expect(kept).toMatchObject([{ event: sampleEvent('old'), attempts: 100, reason: 'why', route: '/events' }]);
  });
});

/** The tables of the first release's queue, with one dead letter. */
function writeVersion1(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE events (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, source TEXT NOT NULL, event TEXT NOT NULL,
      attempts INTEGER NOT NULL, due_ms REAL NOT NULL, is_leased INTEGER NOT NULL, UNIQUE (source, id)
    );
    CREATE INDEX events_by_due ON events (due_ms);
    CREATE TABLE dead_letters (
      number INTEGER PRIMARY KEY, event TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL,
      died_at_ms REAL NOT NULL
    );
    INSERT INTO meta VALUES ('event_queue', 1);
  `);
  database.prepare('INSERT INTO dead_letters VALUES (7, ?, 100, ?, 5)').run(JSON.stringify(sampleEvent('old')), 'why');
  database.close();
}
