import { join } from 'node:path';
import { appendBatch, systemClock } from '@runvoy/core';
import { openLiveView, openSockets, type Followed } from '../live-bench.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { sampleBatch } from '../sample-run.ts';
import { settledMemory } from '../settled-memory.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const WARM_UP = 100;
const IDLE = 1_000;
const STALLED = 20;
/** A million lines: about 130 MB of frames, far more than the kernel's buffers take. */
const BATCHES = 2_500;
const LINES = 400;
const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What followers keep in memory: of a silent run, and of a million lines when they read nothing. */
export const followersMemory: Benchmark = {
  name: 'followers-memory',
  async run() {
    return [await idle(), ...(await stalled())];
  },
};

async function idle(): Promise<Measurement> {
  await using view = await openLiveView();
  const value = await perFollower(view);
  await using sockets = await openSockets();
  const floor = { what: 'a ws connection', value: await perFollower(sockets) };
  return { what: 'memory of an idle follower', value, unit: 'KiB', floor };
}

async function perFollower(followed: Followed): Promise<number> {
  await followed.follow(WARM_UP);
  const before = await settledMemory();
  await followed.follow(IDLE);
  return ((await settledMemory()) - before) / IDLE / KIB;
}

async function stalled(): Promise<Measurement[]> {
  const without = await grownBy(0);
  const beside = await grownBy(STALLED);
  return [
    { what: 'memory of a million lines, one follower', value: without / MIB, unit: 'MiB' },
    { what: 'memory of a stalled follower', value: (beside - without) / STALLED / KIB, unit: 'KiB' },
  ];
}

/** How much a million lines make this process grow while one follower reads and some do not. */
async function grownBy(stalledFollowers: number): Promise<number> {
  using directory = temporaryDirectory();
  await using view = await openLiveView(join(directory.path, 'records.sqlite'));
  await view.follow(1);
  if (stalledFollowers > 0) await view.follow(stalledFollowers, 'stalled');
  const before = await settledMemory();
  for (let index = 0; index < BATCHES; index += 1) {
    const batch = sampleBatch(1 + index * LINES, LINES);
    await appendBatch({ records: view.records, clock: systemClock }, view.executionId, batch);
  }
  return (await settledMemory()) - before;
}
