import { Choices, draw } from './choices.ts';
import { drawSwarm, type FaultKind, type Swarm } from './faults.ts';
import type { Situation } from './reached.ts';
import type { Link } from './links.ts';
import type { RunTruth } from './run-truth.ts';
import { Schedule, type Cancel } from './schedule.ts';
import { Stillness } from './stillness.ts';
import { Trace } from './trace.ts';

/** 2025-06-01T00:00:00Z. */
export const T0 = 1_748_736_000_000;

/** Where a history takes place: one server with its own supervisors, or several instances over a cloud platform. */
export type Flavour = 'local' | 'cloud';

/** One fault at one port call, counted over the whole history. */
export interface ForcedFault {
  readonly call: number;
  readonly kind: 'dies-before' | 'dies-after' | 'refused' | 'answer-lost';
}

export interface HistoryOptions {
  readonly seed: number;
  /** Only these choices may come out other than plainly. */
  readonly kept?: ReadonlySet<string>;
  readonly flavour?: Flavour;
  readonly swarm?: Swarm;
  readonly forced?: ForcedFault;
  /** Runs that do not take place after all. */
  readonly leftOut?: ReadonlySet<string>;
}

/** What must not happen and did, by the name in the list of invariants. */
export interface Violation {
  readonly invariant: string;
  readonly details: string;
}

/** What all parts of one history share: time, chance, what is known to be true, what is written down. */
export class World {
  readonly options: HistoryOptions;
  readonly choices: Choices;
  readonly flavour: Flavour;
  readonly swarm: Swarm;
  readonly schedule = new Schedule(T0);
  readonly stillness = new Stillness();
  readonly trace = new Trace(() => this.schedule.nowMs);
  readonly reached = new Set<Situation>();
  readonly runs = new Map<string, RunTruth>();
  /** How far the clock of the services is ahead; locally that of the whole machine. */
  clockAheadMs = 0;
  hasClockJumped = false;
  /** When an instance last noticed that the clock had jumped, or came upon a time from the future: it counts from then on. */
  jumpNoticedMs = 0;
  /**
   * An instance lives that was born while the clock was wrong, or has not seen it while it was behind. It cannot know: it may give a
   * start up too early, or a wait for a slot, and never misjudges a start that came.
   */
  isSomebodyUnaware = false;
  wasClockBehind = false;
  /** While this is over the platform answers no call. */
  platformBackMs = 0;
  /** Until when nothing passes between two of them. */
  readonly cutUntilMs = new Map<Link, number>();
  /** Until when a disk takes nothing: the store's, and the one that holds the safety lanes. */
  readonly fullUntilMs = { store: 0, lanes: 0 };
  /** Since when nothing goes wrong any more. */
  healingSinceMs: number | undefined;
  portCalls = 0;
  violation: Violation | undefined;
  readonly #counts = new Map<string, number>();

  constructor(options: HistoryOptions) {
    this.options = options;
    this.choices = new Choices(options.seed, options.kept);
    this.flavour = options.flavour ?? (draw(options.seed, 'flavour') < 0.5 ? 'local' : 'cloud');
    this.swarm = options.swarm ?? drawSwarm(options.seed);
  }

  get nowMs(): number {
    return this.schedule.nowMs;
  }

  /** What the services read from their clock. */
  get wallMs(): number {
    return this.nowMs + this.clockAheadMs;
  }

  /** What a runner and its platform read from theirs: locally it is the same one. */
  get theirWallMs(): number {
    return this.flavour === 'local' ? this.wallMs : this.nowMs;
  }

  get isHealing(): boolean {
    return this.healingSinceMs !== undefined;
  }

  isCut(link: Link): boolean {
    return !this.isHealing && this.nowMs < (this.cutUntilMs.get(link) ?? 0);
  }

  isFull(disk: 'store' | 'lanes'): boolean {
    return !this.isHealing && this.nowMs < this.fullUntilMs[disk];
  }

  /** Whether this fault strikes here. Each place asks under a name of its own. */
  strikes(kind: FaultKind, where: string): boolean {
    const rate = this.swarm[kind];
    if (rate === undefined || this.isHealing) return false;
    return this.choices.happens(`${kind}: ${where}`, rate);
  }

  /** How long something takes: `plainMs`, or anything up to `mostMs` where the fault strikes. */
  delay(kind: FaultKind, where: string, plainMs: number, mostMs: number): number {
    if (!this.strikes(kind, where)) return plainMs;
    return plainMs + Math.floor(draw(this.options.seed, `how long ${where}`) * mostMs);
  }

  /** The next number for things of this name: makes names of places unique. */
  nth(name: string): number {
    const next = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, next);
    return next;
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.schedule.after(delayMs, run);
  }

  /** Resolves in simulated time, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.stillness.stir();
        signal?.removeEventListener('abort', wake);
        cancel();
        resolve();
      };
      const cancel = this.after(ms, wake);
      if (signal?.aborted) wake();
      else signal?.addEventListener('abort', wake);
    });
  }

  /** Runs asynchronous work of the simulation; a throw out of it is a defect of the simulation or of what it runs. */
  begin(work: () => Promise<void>): void {
    this.stillness.stir();
    work().catch((error: unknown) => this.violate('unexpected-error', placeOf(error as Error)));
  }

  reach(situation: Situation): void {
    this.reached.add(situation);
  }

  violate(invariant: string, details: string): void {
    if (this.violation) return;
    this.violation = { invariant, details };
    this.trace.step(`VIOLATION ${invariant}: ${details}`);
    this.trace.close();
  }
}

/** The message and where it came from; the rest of a stack depends on how warm the code is. */
function placeOf(error: Error): string {
  const [first] = /^ +at .*/m.exec(error.stack ?? '') ?? [];
  return `${error.name}: ${error.message}${first ? ` (${first.trim()})` : ''}`;
}
