import { expect, test } from '@jest/globals';
import { executionRef, type Execution } from '../src/executions/execution.ts';
import { lookAndStart } from '../src/executions/tick.ts';
import type { Records } from '../src/records/records.ts';
import { admitAfter } from '../src/slots/admit-waiting.ts';
import { NO_SLOTS, slotsRef, type Slots } from '../src/slots/slots.ts';
import type { MemoryRecords } from '../test/memory-records.ts';
import { callerOf, RunWorld } from '../test/run-world.ts';

const USERS = ['ann', 'bob', 'cid'] as const;

/** Slots on a store, with many who want them at once: none is given twice, none is left free, and everybody is served. */
export function slotsContract(
  name: string,
  openRecords: () => Promise<Records & AsyncDisposable>,
  { runs, limit }: { readonly runs: number; readonly limit: number },
): void {
  test(`[slots] ${runs} runs at once for ${limit} slots on ${name} are all accepted, hold no slot too many, and all have their turn`, async () => {
    await using records = await openRecords();
    // The world's own functions ask nothing of its records but what the port has.
    const world = await RunWorld.open(records as unknown as MemoryRecords);
    world.limit({ deployment: limit });
    const noticed = (error: unknown) => {
      throw error;
    };
    const slots = async (): Promise<Slots> => (await records.get(slotsRef))?.value ?? NO_SLOTS;
    const stored = async (id: string): Promise<Execution> => (await records.get(executionRef(id)))!.value;
    const handIn = async (user: string) => {
      const { execution } = await world.submit({}, { caller: callerOf('admin', `${user}@example.com`) });
      await admitAfter(world, execution, noticed);
      return execution.execution_id;
    };
    const ids = await Promise.all(Array.from({ length: runs }, (_, nth) => handIn(USERS[nth % USERS.length]!)));
    const full = await slots();
    expect(full.holders).toHaveLength(limit);
    expect(full.queues.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(runs - limit);

    world.jobs.ended(1, world.clock.now());
    world.clock.advance(60_000);
    for (let left = runs; left > 0;) {
      const { holders } = await slots();
      expect(holders).toHaveLength(Math.min(limit, left));
      await Promise.all(holders.map(({ execution_id }) => lookAndStart(world, execution_id, noticed)));
      left -= holders.length;
    }
    expect(await slots()).toMatchObject({ holders: [], queues: [] });
    expect(new Set((await Promise.all(ids.map(stored))).map(({ status }) => status))).toEqual(new Set(['FAILED']));
    // Those that had a slot at once are started by whoever asked for them, here by nobody.
    const started = world.jobs.started.map(({ execution_id }) => execution_id);
    expect(new Set(started).size).toBe(started.length);
    expect(started).toHaveLength(runs - limit);
  }, 60_000);
}
