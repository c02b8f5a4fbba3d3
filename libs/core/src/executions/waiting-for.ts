import { isTerminal, type WaitingFor } from '@runvoy/protocol';
import type { Execution } from './execution.ts';
import { holdUpOf } from './note-wait.ts';
import { notedWait, trailTime, type Wait } from './trail.ts';

/** What an unfinished run waits for; `undefined` when its command is simply running. */
export function waitingOf(execution: Execution): Wait | undefined {
  if (isTerminal(execution.status)) return undefined;
  if (execution.waiting) return { what: 'slot', sinceMs: execution.queued?.since_ms ?? execution.started_at_ms };
  const { bound, report, stop, start_timed_out_at_ms, attempts } = execution.facts;
  if (report) return { what: 'platform_end', sinceMs: report.stored_at_ms };
  const ended = attempts.find((attempt) => attempt.end && !attempt.rejected);
  if (ended?.end) {
    return { what: 'last_lines', sinceMs: trailTime(execution, 'end_seen', ended.attempt) ?? ended.end.at_ms };
  }
  const unwantedAtMs = stop?.requested_at_ms ?? start_timed_out_at_ms;
  if (unwantedAtMs !== undefined) return { what: 'stop_confirmation', sinceMs: unwantedAtMs };
  return bound ? holdUpOf(execution) : waitingToBegin(execution);
}

function waitingToBegin(execution: Execution): Wait | undefined {
  const last = execution.facts.attempts.at(-1);
  if (!last) return undefined;
  // Before the platform has named what it started, nobody knows whether it did.
  if (last.platform_execution === undefined) return { what: 'platform', sinceMs: last.made_at_ms };
  const noted = notedWait(execution, last.attempt);
  if (noted) return noted;
  const sinceMs = trailTime(execution, 'start_answered', last.attempt) ?? last.made_at_ms;
  return { what: 'runner', sinceMs };
}

/** The word for it, as bodies carry it. */
export function waitingFor(execution: Execution): WaitingFor | undefined {
  return waitingOf(execution)?.what;
}
