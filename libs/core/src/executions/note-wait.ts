import { isTerminal, type OutputWait, type Preparing, type WaitingFor } from '@runvoy/protocol';
import type { PlatformView } from '../jobs/job-runner.ts';
import type { Millis } from '../time/clock.ts';
import type { Attempt, Execution } from './execution.ts';
import type { TrailEntry } from './trail-entry.ts';
import { isUnwanted } from './start-timeout.ts';
import { notedWait, noteTrail, type Wait } from './trail.ts';

/** Every start waits a little for everything: only what takes longer than most starts is worth a write. */
export const WORTH_NOTING_MS = 15_000;

/** What a start waits for, as the platform shows it now, when that is another thing than a look has noted before; nothing otherwise. */
export function noteWait(
  execution: Execution,
  attempt: Attempt,
  view: Extract<PlatformView, { state: 'starting' | 'alive' }>,
  nowMs: Millis,
): readonly TrailEntry[] {
  // It is waited for nothing of a start once it is over, or nobody wants it.
  const isPastStart = execution.facts.bound !== undefined || isTerminal(execution.status);
  if (isPastStart || isUnwanted(execution.facts) || nowMs - attempt.made_at_ms < WORTH_NOTING_MS) return [];
  const about = view.state === 'starting' ? view.waiting_for : undefined;
  const noted = notedWait(execution, attempt.attempt)?.what;
  return about === noted ? [] : [entryOf(attempt.attempt, about, nowMs)];
}

/**
 * The execution with what its runner does before the command starts, or what holds up the output afterwards, when that is another thing
 * than a beat has told before.
 */
export function noteHoldUp(execution: Execution, about: Preparing | OutputWait | undefined, nowMs: Millis): Execution {
  const { bound } = execution.facts;
  if (!bound || isTerminal(execution.status) || holdUpOf(execution)?.what === about) return execution;
  return noteTrail(execution, entryOf(bound.attempt, about, nowMs));
}

/** What the runner has last said that holds up the command or its output; undefined once it goes on, as far as anybody said. */
export function holdUpOf(execution: Execution): Wait | undefined {
  const { bound } = execution.facts;
  const noted = bound && notedWait(execution, bound.attempt);
  // What held the start up before the runner came is over.
  return noted && noted.sinceMs >= bound.at_ms ? noted : undefined;
}

function entryOf(attempt: number, about: WaitingFor | undefined, at_ms: Millis): TrailEntry {
  return { at_ms, kind: 'waiting', attempt, ...(about === undefined ? {} : { about }) };
}
