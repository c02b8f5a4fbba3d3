import type { Isolation, LogGap, SafetyLaneEntry } from '@runvoy/protocol';
import type {
  AttemptRef,
  JobRunner,
  PlatformEnd,
  PlatformView,
  SafetyLane,
  StartAnswer,
  Shortcomings,
  StartOrder,
} from '../src/jobs/job-runner.ts';

/** What the test says the safety lane of an attempt holds. */
export interface LaneScript {
  readonly as_of_ms?: number;
  readonly entries: readonly SafetyLaneEntry[];
  readonly final: boolean;
}

const ABSENT: PlatformView = { state: 'absent', never: false };

/**
 * A platform whose every answer the test sets, and which remembers what it was asked. An answer that is an error is thrown.
 * Attempts are told apart by their number alone: a test has one execution, or several that fare alike.
 */
export class FakeJobRunner implements JobRunner {
  isolations: readonly Isolation[] = ['container', 'process'];
  shortcomings: Shortcomings = {};
  longestGraceMs = 10_000;
  /** Set where the platform names an attempt before it is started. */
  nameOf?: NonNullable<JobRunner['nameOf']>;
  /** Set where it names an attempt by itself, and can be asked. */
  identify?: NonNullable<JobRunner['identify']>;
  /** Set where it drops by itself what has ended. */
  forgetsByItself?: true;
  /** What the next starts answer; called with the order. */
  answersStart: (order: StartOrder) => StartAnswer | Promise<StartAnswer> = () => ({ outcome: 'started' });
  /** Called before every look, to let something happen meanwhile. */
  beforeLook: (attempt: AttemptRef) => void | Promise<void> = () => undefined;
  /** Called after the lane was opened and before its entries are read. */
  whileReadingLane: (attempt: AttemptRef) => void | Promise<void> = () => undefined;
  /** What the platform lists. */
  list: JobRunner['list'] = async () => ({ executions: [] });
  /** Makes `cancel` fail. */
  cancelFails: Error | undefined;

  readonly started: StartOrder[] = [];
  readonly looked: AttemptRef[] = [];
  readonly cancelled: { readonly attempt: number; readonly platform_execution?: string; readonly grace_ms: number }[] =
    [];
  /** The lines for which the last lane was read. */
  missed: readonly LogGap[] = [];
  readonly lanesRead: number[] = [];
  readonly forgotten: string[] = [];
  readonly #views = new Map<number, PlatformView | Error>();
  readonly #lanes = new Map<number, LaneScript | Error>();

  /** From now on a look at the attempt answers so. */
  shows(attempt: number, view: PlatformView | Error): void {
    this.#views.set(attempt, view);
  }

  /** From now on the attempt lives. */
  lives(attempt: number, { unwatched = false } = {}): void {
    this.shows(attempt, { state: 'alive', platform_execution: nameOf(attempt), unwatched });
  }

  /** From now on the attempt has ended, at this time. */
  ended(attempt: number, atMs: number, how: Partial<PlatformEnd> = {}): void {
    const end: PlatformEnd = { platform_execution: nameOf(attempt), at_ms: atMs, kind: 'exited', ...how };
    this.shows(attempt, { state: 'ended', end });
  }

  /** From now on the attempt's safety lane holds this. */
  keeps(attempt: number, lane: LaneScript | Error): void {
    this.#lanes.set(attempt, lane);
  }

  async start(order: StartOrder): Promise<StartAnswer> {
    this.started.push(order);
    return this.answersStart(order);
  }

  async look(attempt: AttemptRef): Promise<PlatformView> {
    this.looked.push(attempt);
    await this.beforeLook(attempt);
    return unlessError(this.#views.get(attempt.attempt) ?? ABSENT);
  }

  async cancel({ attempt, platform_execution }: AttemptRef, { grace_ms }: { grace_ms: number }): Promise<void> {
    if (this.cancelFails) throw this.cancelFails;
    this.cancelled.push({ attempt, grace_ms, ...(platform_execution === undefined ? {} : { platform_execution }) });
  }

  async readSafetyLane(attempt: AttemptRef, missing: readonly LogGap[] = []): Promise<SafetyLane> {
    this.lanesRead.push(attempt.attempt);
    this.missed = missing;
    const lane = this.#lanes.get(attempt.attempt) ?? { entries: [], final: false };
    const { entries, final, as_of_ms } = unlessError<LaneScript>(lane);
    const wait = () => this.whileReadingLane(attempt);
    return {
      final,
      ...(as_of_ms === undefined ? {} : { as_of_ms }),
      entries: (async function* () {
        await wait();
        yield* entries;
      })(),
    };
  }

  async forget(executionId: string): Promise<void> {
    this.forgotten.push(executionId);
  }
}

/** What the fake platform calls an attempt. */
export function nameOf(attempt: number): string {
  return `platform/${attempt}`;
}

function unlessError<T>(answer: T | Error): T {
  if (answer instanceof Error) throw answer;
  return answer;
}
