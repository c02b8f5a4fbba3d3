import type { Records, Ref } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';

/** When the minute tick last came, and what the process it came to has seen of the safety lane. */
export interface TickMark {
  readonly at_ms: Millis;
  readonly safety_lane?: LaneMeasure;
}

/** One line's way: when it was stored, and how long after the platform had it. */
export interface LaneMeasure {
  readonly at_ms: Millis;
  readonly lag_ms: Millis;
}

export const tickMarkRef: Ref<TickMark> = { collection: 'settings', id: 'tick-mark' };

/** A mark is written at most this often, however often the ticks come. */
const MARK_EVERY_MS = 60_000;
/** A scheduler is not exact to the second: a tick that comes a little early is marked too. */
const EARLY_MS = 10_000;

/** What a process remembers between its ticks. */
export interface TickMarks {
  /** A line of a safety lane was stored; `printedMs` is when the platform had it. */
  measured(printedMs: Millis): void;
  /** Stores that a tick came: one write, at most once a minute. Rejects when it cannot be stored; the tick is none the worse. */
  ticked(): Promise<void>;
}

/** The write replaces the mark unread: two ticks at once say the same. */
export function newTickMarks({ records, clock }: { readonly records: Records; readonly clock: Clock }): TickMarks {
  let lane: LaneMeasure | undefined;
  let markedMs = -Infinity;
  return {
    measured(printedMs) {
      const at_ms = clock.now();
      lane = { at_ms, lag_ms: Math.max(0, at_ms - printedMs) };
    },
    async ticked() {
      const at_ms = clock.now();
      // A clock that was set back must not keep the mark from being written.
      if (at_ms >= markedMs && at_ms - markedMs < MARK_EVERY_MS - EARLY_MS) return;
      const mark: TickMark = { at_ms, ...(lane === undefined ? {} : { safety_lane: lane }) };
      await records.transact(async (tx) => tx.set(tickMarkRef, mark));
      markedMs = at_ms;
    },
  };
}
