import type { RunsStatus } from '@runvoy/protocol';
import { overdueAt } from '../executions/overdue.ts';
import { rfc3339 } from '../executions/execution-body.ts';
import type { Millis } from '../time/clock.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings, KnownThings } from './health-probe.ts';

export const NO_RUNS: RunsStatus = { unfinished: 0, stuck: [], unrecorded: [] };

/** Which runs are unfinished past their bound. */
export function checkRuns({ unfinished }: KnownThings, nowMs: Millis, startTimeoutMs: Millis): Findings<RunsStatus> {
  const stuck = unfinished.filter((execution) => nowMs > (overdueAt(execution, startTimeoutMs) ?? Infinity));
  return {
    status: {
      unfinished: unfinished.length,
      stuck: stuck.map(({ execution_id }) => execution_id),
      unrecorded: [],
    },
    issues: stuck.map((execution) => {
      const since = rfc3339(overdueAt(execution, startTimeoutMs) ?? nowMs);
      return healthIssue('run_stuck', execution.execution_id, `It is ${execution.status}, and was due by ${since}.`);
    }),
    unchecked: [],
  };
}
