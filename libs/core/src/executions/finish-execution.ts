import { isTerminal } from '@runvoy/protocol';
import { assessLog, SETTLE_MS, type LogAssessment } from '../logs/assess-log.ts';
import { replayLane, type ReplayDeps } from '../logs/replay-lane.ts';
import { isInFuture } from '../time/elapsed.ts';
import { attemptRef } from './attempts.ts';
import { executionRef, type Execution } from './execution.ts';

/**
 * What is left to do once a run is terminal: its log is proven, from the safety lane where lines are missing, and the platform
 * forgets the run when nothing can improve any more. Idempotent. Returns whether anything may still come.
 */
export async function finishExecution(deps: ReplayDeps, executionId: string): Promise<'settled' | 'waiting'> {
  const execution = (await deps.records.get(executionRef(executionId)))?.value;
  if (!execution || !isTerminal(execution.status)) return 'settled';
  // Asked before the lanes are read: what comes during the reading may then still count.
  const isWindowOver = isLogSettled(execution, deps.clock.now());
  const first = await assessLog(deps, execution);
  // A lane that never says it is final (a cloud's) would be waited for until the event is given up.
  if (first.completeness !== 'complete' && !(await refill(deps, execution, first)) && !isWindowOver) return 'waiting';
  await deps.jobs.forget(executionId);
  return 'settled';
}

/** Reads every lane once more, for what is missing. True when nothing can be added to any of them. */
async function refill(deps: ReplayDeps, execution: Execution, { gaps, lines }: LogAssessment): Promise<boolean> {
  // Without an end record nobody knows where the log ends.
  const missing = execution.end_record ? gaps : [...gaps, { from: lines + 1, to: Infinity }];
  let isFinal = true;
  for (const attempt of execution.facts.attempts) {
    if (attempt.rejected) continue;
    const lane = await replayLane(deps, attemptRef(execution, attempt), missing);
    isFinal &&= lane.final;
  }
  const again = (await deps.records.get(executionRef(execution.execution_id)))?.value;
  const assessment: LogAssessment | undefined = again && (await assessLog(deps, again));
  return isFinal || assessment?.completeness === 'complete';
}

/** True when no reader need wait any longer for lines of this run: the log is proven, or the settle window is over. */
export function isLogSettled(execution: Execution, nowMs: number): boolean {
  if (!isTerminal(execution.status)) return false;
  if (execution.log_proven) return true;
  const endMs = execution.completed_at_ms ?? nowMs;
  // An end from the future was stored by a clock that has been set back since; nobody waits until it has caught up.
  return nowMs >= endMs + SETTLE_MS || isInFuture(endMs, nowMs);
}
