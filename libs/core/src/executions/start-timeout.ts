import { isTerminal } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';
import { elapsedInHearing, type ElapsedDeps } from '../time/elapsed.ts';
import type { Attempt, Execution, Facts } from './execution.ts';

/** How long a deployment waits for a runner to ask for its command, from the attempt on. */
export interface StartTimeout {
  readonly startTimeoutMs: Millis;
}

/** What the setting may be, seconds. */
export const START_TIMEOUT_S = { min: 10, max: 86_400 } as const;

/** True when no runner may be handed the command any more: a stop is stored, or the time for the start was over. */
export function isUnwanted({ stop, start_timed_out_at_ms }: Facts): boolean {
  return stop !== undefined || start_timed_out_at_ms !== undefined;
}

/**
 * True for an attempt of which something may still come, and no runner has asked for the command in time. Time in which this process
 * could not hear a runner does not count.
 */
export function isStartLate(deps: StartTimeout & ElapsedDeps, { status, facts }: Execution, attempt: Attempt): boolean {
  if (isTerminal(status) || facts.bound || facts.conflict || isUnwanted(facts)) return false;
  return elapsedInHearing(deps, attempt.made_at_ms) >= deps.startTimeoutMs;
}
