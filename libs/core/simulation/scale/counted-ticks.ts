import { CountingRecords, type StoreOperations } from '../../contracts/counting-records.ts';
import { tick, type TickReport } from '../../src/executions/tick.ts';
import type { Records } from '../../src/records/records.ts';
import type { MemoryRecords } from '../../test/memory-records.ts';
import { RunWorld } from '../../test/run-world.ts';
import { ScalePlatform, type PlatformCalls } from './scale-platform.ts';
import { livedExecution, storeHistory } from './stored-history.ts';
import { storeUnfinished } from './unfinished-runs.ts';

/** What one tick asked of store and platform, and what it said of itself. */
export interface TickCost {
  readonly store: StoreOperations;
  readonly platform: PlatformCalls;
  readonly report: TickReport;
}

/** The ticks over one store, and what was measured of it. */
export interface CountedTicks {
  /** The first tick writes down what it learns, the second finds nothing new. */
  readonly ticks: readonly [TickCost, TickCost];
  readonly fillMs: number;
  /** How long each of the ticks took. */
  readonly tickMs: readonly [number, number];
}

/** Stores so many executions that are over and the unfinished ones beside them, and counts two ticks 20 s apart. */
export async function countTicks(stored: Records, history: number): Promise<CountedTicks> {
  const records = new CountingRecords(stored);
  // The world's own functions ask nothing of its records but what the port has.
  const world = await RunWorld.open(records as unknown as MemoryRecords);
  const platform = new ScalePlatform();
  const startedMs = performance.now();
  const lived = await livedExecution(world);
  await storeHistory(records, lived, history - 1);
  const fillMs = performance.now() - startedMs;
  await storeUnfinished(world, platform);
  const { archive, clock, random, vault, signingKeys, bus, limits, upSinceMs, startTimeoutMs } = world;
  const deps = {
    records,
    archive,
    jobs: platform,
    clock,
    random,
    vault,
    signingKeys,
    bus,
    limits,
    upSinceMs,
    startTimeoutMs,
  };
  const oneTick = async (): Promise<readonly [TickCost, number]> => {
    world.clock.advance(20_000);
    records.take();
    platform.take();
    const before = performance.now();
    const report = await tick(deps, (error) => {
      throw error;
    });
    const tookMs = performance.now() - before;
    return [{ store: records.take(), platform: platform.take(), report }, tookMs];
  };
  const [first, firstMs] = await oneTick();
  const [second, secondMs] = await oneTick();
  return { ticks: [first, second], fillMs, tickMs: [firstMs, secondMs] };
}
