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
/** A hundred thousand lines: 13 GB on the wire to a thousand followers. */
const CROWD = { followers: 1_000, batches: 250 };
const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What followers keep in memory: of a silent run, of a million lines when they read nothing, and many of them when they do. */
export const followersMemory: Benchmark = {
  name: 'followers-memory',
  async run() {
    return [await idle(), ...(await stalled()), await crowd()];
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
  const without = await grownBy({ reading: 1, batches: BATCHES });
  const beside = await grownBy({ reading: 1, stalled: STALLED, batches: BATCHES });
  return [
    { what: 'memory of a million lines, one follower', value: without / MIB, unit: 'MiB' },
    { what: 'memory of a stalled follower', value: (beside - without) / STALLED / KIB, unit: 'KiB' },
  ];
}

async function crowd(): Promise<Measurement> {
  const value = await grownBy({ reading: CROWD.followers, batches: CROWD.batches });
  const lines = (CROWD.batches * LINES).toLocaleString('en-US');
  return { what: `memory of ${lines} lines, ${CROWD.followers} followers`, value: value / MIB, unit: 'MiB' };
}

/** How much a log makes this process grow while some followers read and some do not. */
async function grownBy({
  reading,
  stalled: stalledFollowers = 0,
  batches,
}: {
  readonly reading: number;
  readonly stalled?: number;
  readonly batches: number;
}): Promise<number> {
  using directory = temporaryDirectory();
  await using view = await openLiveView(join(directory.path, 'records.sqlite'));
  await view.follow(reading);
  if (stalledFollowers > 0) await view.follow(stalledFollowers, 'stalled');
  const before = await settledMemory();
  for (let index = 0; index < batches; index += 1) {
    const batch = sampleBatch(1 + index * LINES, LINES);
    await appendBatch({ records: view.records, clock: systemClock }, view.executionId, batch);
    // At the pace of the readers, which is what a slow network would make of it in the end.
    if (stalledFollowers === 0 && index % 5 === 4) await view.sent();
  }
  return (await settledMemory()) - before;
}
