import { isTerminal } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';
import { deadlineOf } from './record-heartbeat.ts';
import { SILENCE_MS } from './silence.ts';
import { stopInForce } from './stop-in-force.ts';
import type { RunWithoutCommand } from './unfinished.ts';

/** From the last moment at which a run may live to the end's being stored: the stated 120 s, and the silence of a dead runner. */
const BOUND_MS = 120_000 + SILENCE_MS;

/**
 * When an unfinished run is past every bound that was stated for it: its stop, its report, its timeout, its start. Undefined when it
 * has ended, or has made no attempt yet.
 */
export function overdueAt(execution: RunWithoutCommand, startTimeoutMs: Millis): Millis | undefined {
  const { attempts, bound, report } = execution.facts;
  const last = attempts.at(-1);
  if (isTerminal(execution.status) || !last) return undefined;
  const due = bound ? deadlineOf(execution) + execution.grace_ms : last.made_at_ms + startTimeoutMs;
  const stop = stopInForce(execution.facts);
  const stopped = stop && (stop.confirm_by_ms ?? stop.cancel_at_ms + BOUND_MS);
  return Math.min(Math.min(due, report?.stored_at_ms ?? Infinity) + BOUND_MS, stopped ?? Infinity);
}
