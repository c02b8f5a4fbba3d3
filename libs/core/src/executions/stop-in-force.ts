import { isTerminal } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';
import type { Execution, Facts } from './execution.ts';

/**
 * How long after its grace a stop may stay unconfirmed, seconds: a cancel that was lost goes out again after a minute, the platform
 * takes 10 s, and a report that never comes is waited for 45 s.
 */
export const STOP_TIMEOUT_S = { fallback: 180, min: 10, max: 86_400 } as const;

/** What a stop leaves the run: as it was asked for, or as somebody hastened it since. */
export interface StopInForce {
  readonly grace_ms: number;
  readonly cancel_at_ms: Millis;
  readonly confirm_by_ms?: Millis;
}

/** The stop that holds now; `undefined` when none is stored, whatever else is known. */
export function stopInForce({ stop, haste }: Facts): StopInForce | undefined {
  if (!stop || !haste) return stop;
  const confirmByMs = Math.min(stop.confirm_by_ms ?? Infinity, haste.confirm_by_ms ?? Infinity);
  return {
    grace_ms: Math.min(stop.grace_ms, haste.grace_ms),
    cancel_at_ms: Math.min(stop.cancel_at_ms, haste.cancel_at_ms),
    ...(confirmByMs === Infinity ? {} : { confirm_by_ms: confirmByMs }),
  };
}

/** When the command of a stopped run is killed at the latest; `undefined` when no stop is stored. */
export function killDueMs({ stop, haste }: Facts): Millis | undefined {
  if (!stop) return undefined;
  const due = stop.requested_at_ms + stop.grace_ms;
  return haste ? Math.min(due, haste.requested_at_ms + haste.grace_ms) : due;
}

/** True for a stop that should have been confirmed by now and is not: its cancel is sent again at each look, and somebody should know. */
export function isStopOverdue({ status, facts }: Pick<Execution, 'status' | 'facts'>, nowMs: Millis): boolean {
  const confirmByMs = stopInForce(facts)?.confirm_by_ms;
  return !isTerminal(status) && confirmByMs !== undefined && nowMs >= confirmByMs;
}
