import { isTerminal, type WaitingFor } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';
import type { Attempt, Execution } from './execution.ts';
import type { TrailEntry, TrailKind } from './trail-entry.ts';

/** The first ones tell more than the last. What facts leave behind is less than this by itself. */
export const TRAIL_KEPT = 60;
/** How many of these can come without end: each kind leaves room for the others. */
const REPEATED_KEPT: Partial<Record<TrailKind, number>> = { waiting: 12, cancel_sent: 6, refused: 6 };

/** The execution with what happened, unless the trail is full or says so already as its last word of that kind. */
export function noteTrail(execution: Execution, entry: TrailEntry): Execution {
  const trail = execution.trail ?? [];
  const alike = trail.filter(({ kind }) => kind === entry.kind);
  const last = alike.findLast(({ attempt }) => attempt === entry.attempt);
  if (last && last.about === entry.about) return execution;
  const isFull = trail.length >= TRAIL_KEPT || alike.length >= (REPEATED_KEPT[entry.kind] ?? TRAIL_KEPT);
  // That a wait is over is always kept: the run would be shown to wait for ever.
  if (isFull && !(entry.kind === 'waiting' && entry.about === undefined && last)) return execution;
  return { ...execution, trail: [...trail, entry] };
}

/** The execution about to be stored, with when each new fact of it became known; the same object when none did. */
export function withTrail(before: Execution, after: Execution, nowMs: Millis): Execution {
  if (after.facts === before.facts) return after;
  return newEntries(before, after, nowMs).reduce(noteTrail, after);
}

function newEntries(before: Execution, after: Execution, at_ms: Millis): readonly TrailEntry[] {
  const entries = after.facts.attempts.flatMap((attempt) => {
    const known = before.facts.attempts.find(({ attempt: number }) => number === attempt.attempt);
    return known ? attemptNews(known, attempt).map((kind) => ({ at_ms, kind, attempt: attempt.attempt })) : [];
  });
  const isSettled = isTerminal(after.status) && !isTerminal(before.status);
  return isSettled ? [...entries, { at_ms, kind: 'settled' }] : entries;
}

function attemptNews(before: Attempt, after: Attempt): readonly TrailKind[] {
  const news: TrailKind[] = [];
  if (after.platform_execution !== undefined && before.platform_execution === undefined) news.push('start_answered');
  if (after.rejected && !before.rejected) news.push('start_rejected');
  if (after.told_to_stop && !before.told_to_stop) news.push('told_to_stop');
  if (after.end && !before.end) news.push('end_seen');
  if (after.lane_settled && !before.lane_settled) news.push('lane_read');
  return news;
}

/** When that was noted of the attempt, if it was. */
export function trailTime(execution: Execution, kind: TrailKind, attempt?: number): Millis | undefined {
  return execution.trail?.find((entry) => entry.kind === kind && entry.attempt === attempt)?.at_ms;
}

/** What a run waits for, and since when. */
export interface Wait {
  readonly what: WaitingFor;
  readonly sinceMs: Millis;
}

/** What was last noted that a start waits for; undefined when nothing was, or that it goes on. */
export function notedWait(execution: Execution, attempt: number): Wait | undefined {
  const last = execution.trail?.findLast((entry) => entry.kind === 'waiting' && entry.attempt === attempt);
  return last?.about === undefined ? undefined : { what: last.about as WaitingFor, sinceMs: last.at_ms };
}
