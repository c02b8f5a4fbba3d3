import { isTerminal } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';
import { SESSION_OUTLIVES_DEADLINE_MS } from '../executions/runner-session.ts';
import type { Millis } from '../time/clock.ts';
import { SETTLE_MS } from './assess-log.ts';

/** A log of no more than this stays as it was stored: a blob and its record would cost more than the few records they replace. */
const SMALL_LINES = 100;
const SMALL_BYTES = 64 * 1024;

/**
 * The run as it is stored when it ends: since when the age of its log counts, and when the archiver looks at it first. No write of its
 * own: it travels with the end.
 */
export function withArchivePlan(before: Execution, after: Execution, nowMs: Millis): Execution {
  if (!isTerminal(after.status) || isTerminal(before.status) || after.log_since_ms !== undefined) return after;
  // Nobody ever wrote a line.
  if (!after.facts.bound) return after;
  const log_since_ms = after.completed_at_ms ?? nowMs;
  return { ...after, log_since_ms, ...(isSmall(after) ? {} : { archive_due_at_ms: nowMs + SETTLE_MS }) };
}

/** True when its end record says so; what ended without one is looked at. */
function isSmall({ end_record }: Execution): boolean {
  return end_record !== undefined && end_record.lines <= SMALL_LINES && end_record.bytes <= SMALL_BYTES;
}

/** From then on no lane can bring a line of this run again: what its runner signed is not taken any more. */
export function sessionEndMs({ facts, started_at_ms, timeout_s, imported }: Execution): Millis {
  const from = imported?.at_ms ?? facts.bound?.at_ms ?? started_at_ms;
  return from + timeout_s * 1000 + SESSION_OUTLIVES_DEADLINE_MS;
}
