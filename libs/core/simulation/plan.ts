import { NO_LIMITS, type SlotLimits } from '../src/slots/slot-limits.ts';
import type { CommandPlan } from './command.ts';
import { planOutages, type Outage } from './outages.ts';
import type { SegmentSize } from '../src/logs/seal-segment.ts';
import type { World } from './world.ts';

/** Logs here are short; each is several segments all the same. */
const SMALL_SEGMENTS: SegmentSize = { bytes: 6_000, chunks: 4, blockBytes: 500, fewChunks: 1 };
const TINY_SEGMENTS: SegmentSize = { bytes: 150, chunks: 2, blockBytes: 1, fewChunks: 0 };
const ONE_BLOCK: SegmentSize = { bytes: 20_000, chunks: 6, blockBytes: 100_000, fewChunks: 2 };

/** What people and one command do in a history. */
export interface RunPlan {
  readonly label: string;
  readonly user: string;
  readonly submitMs: number;
  readonly timeoutS: number;
  readonly graceS: number;
  readonly env: Readonly<Record<string, string>>;
  readonly command: CommandPlan;
  readonly stops: readonly StopPlan[];
  readonly readers: readonly ReaderPlan[];
}

/** Somebody who follows a run: by what door, from when on, and behind which line. */
export interface ReaderPlan {
  readonly form: ReaderForm;
  readonly afterMs: number;
  readonly cursor: number;
}

export type ReaderForm = 'v2' | 'events' | 'bare' | 'pages';

/** Somebody asks for a stop, in a hurry or not. */
export interface StopPlan {
  readonly afterMs: number;
  /** Instead of the run's own grace. */
  readonly graceMs?: number;
}

export interface HistoryPlan {
  readonly limits: SlotLimits;
  readonly runs: readonly RunPlan[];
  readonly faultsEndMs: number;
  /** Ten minutes in which the platform answers nobody. */
  readonly platformAwayMs?: number;
  /** When the clock of the services jumps, when it is right again, and how far. */
  readonly clockJump?: { readonly atMs: number; readonly rightMs: number; readonly aheadMs: number };
  readonly outages: readonly Outage[];
  /** How long logs are kept after the end of their run, days; 0: for ever. */
  readonly keptDays: number;
  readonly segmentSize: SegmentSize;
  /** What becomes of the logs in the years after is lived through as well. */
  readonly hasYears: boolean;
  /** Plain histories end when all is done, not when the time of faults is over. */
  readonly isOverEarly: boolean;
}

/** Draws what happens of people's own will. Plainly: one run of one line that ends by itself, and nobody reads. */
export function planHistory(world: World): HistoryPlan {
  const { choices } = world;
  const limits = planLimits(world);
  const isLimited = limits.deployment + limits.user + limits.image > 0;
  const runs = choices.whole('runs', 1, 1, isLimited ? 6 : 3);
  const planned = Array.from({ length: runs }, (_, index) => planRun(world, `run ${index + 1}`, index));
  return {
    limits,
    runs: planned.filter(({ label }) => !world.options.leftOut?.has(label)),
    faultsEndMs: choices.whole('faults end', 60_000, 20_000, 300_000),
    ...planWorld(world),
    outages: planOutages(world),
    keptDays: choices.pick('logs are kept for', [30, 0, 3]),
    segmentSize: choices.pick('segments', [SMALL_SEGMENTS, TINY_SEGMENTS, ONE_BLOCK]),
    hasYears: choices.pick('years pass', [false, false, true]),
    isOverEarly: Object.keys(world.swarm).length === 0,
  };
}

/** Plainly as many runs may be under way as come. */
function planLimits({ choices }: World): SlotLimits {
  const limit = choices.pick<Partial<SlotLimits>>('limits', [
    {},
    { deployment: 1 },
    {},
    { deployment: 2 },
    {},
    { user: 1 },
    {},
    { deployment: 2, user: 1 },
    {},
    { image: 1 },
  ]);
  return { ...NO_LIMITS, ...limit, queue_timeout_s: choices.pick('queue timeout', [3_600, 3_600, 20, 90, 300]) };
}

const AWAY_MS = 600_000;
const HOUR_MS = 3_600_000;

function planWorld(world: World): Pick<HistoryPlan, 'platformAwayMs' | 'clockJump'> {
  const { choices } = world;
  const isAway = world.strikes('platform-away', 'once');
  const jumps = world.strikes('clock-jumps', 'once');
  const atMs = choices.whole('clock jumps', 3_000, 0, 60_000);
  const clockJump = {
    atMs,
    rightMs: atMs + choices.whole('clock is right again', 60_000, 1_000, 300_000),
    aheadMs: choices.pick('clock jumps to', [HOUR_MS, -HOUR_MS]),
  };
  return {
    ...(isAway ? { platformAwayMs: choices.whole('platform goes away', 2_000, 0, 30_000) } : {}),
    ...(jumps ? { clockJump } : {}),
  };
}

export { AWAY_MS };

function planRun(world: World, label: string, index: number): RunPlan {
  const { choices } = world;
  return {
    label,
    user: choices.pick(`${label} user`, ['ann', 'ann', 'bob', 'cid']),
    submitMs: choices.whole(`${label} submit`, 1 + index, 1, 20_000),
    timeoutS: choices.pick(`${label} timeout`, [300, 30, 60, 1_200]),
    graceS: choices.pick(`${label} grace`, [10, 0, 5, 20, 45]),
    env: choices.pick(`${label} variables`, [{ A: label }, {}]),
    command: planCommand(world, label),
    stops: planStops(world, label),
    readers: planReaders(world, label),
  };
}

const BURST_MS = 2_000;
const MUCH = 40;

function planCommand(world: World, label: string): CommandPlan {
  const { choices } = world;
  const times = choices.pick(`${label} writes`, [1, 0, 2, 3, 5, 8]);
  // Logs of no more than 100 lines stay as they were stored.
  const isMuch = choices.pick(`${label} writes much`, [false, false, true]);
  // More at once than a runner sends at once.
  const isBurst = choices.pick(`${label} writes at once`, [false, false, false, true]);
  return {
    writes: Array.from({ length: times }, (_, index) => ({
      afterMs: isBurst ? BURST_MS + index : choices.whole(`${label} write ${index}`, 1_000 * (index + 1), 0, 25_000),
      lines: isMuch ? MUCH : choices.pick(`${label} lines ${index}`, [1, 2, 4]),
    })),
    endsAfterMs: choices.pick(`${label} ends`, [10_000, 50, 1_000, 25_000, 60_000, 100_000_000]),
    exitCode: choices.pick(`${label} code`, [0, 3]),
    onTerm: choices.pick(`${label} on SIGTERM`, ['obeys', 'exits 0', 'ignores']),
  };
}

function planStops(world: World, label: string): StopPlan[] {
  const { choices } = world;
  const times = choices.pick(`${label} stops`, [0, 1, 0, 1, 0, 2]);
  return Array.from({ length: times }, (_, index) => {
    // Many come early, while the start is still on its way.
    const isEarly = choices.pick(`${label} stop ${index} is early`, [true, false]);
    const afterMs = isEarly
      ? choices.whole(`${label} stop ${index}`, 3_000, 10, 5_000)
      : choices.whole(`${label} late stop ${index}`, 30_000, 5_000, 70_000);
    const graceMs = choices.pick(`${label} stop ${index} leaves`, [undefined, 0, undefined, 3_000]);
    return { afterMs, ...(graceMs === undefined ? {} : { graceMs }) };
  });
}

function planReaders(world: World, label: string): RunPlan['readers'] {
  const { choices } = world;
  const readers = choices.pick(`${label} readers`, [0, 1, 2]);
  return Array.from({ length: readers }, (_, index) => ({
    form: choices.pick(`${label} reader form ${index}`, ['v2', 'events', 'bare', 'pages']),
    afterMs: choices.whole(`${label} reader ${index}`, 1_000, 10, 60_000),
    cursor: choices.pick(`${label} cursor ${index}`, [0, 1, 3, 0, 40]),
  }));
}
