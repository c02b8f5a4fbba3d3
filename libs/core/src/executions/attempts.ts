import type { Attempt, Execution, Facts } from './execution.ts';
import type { AttemptRef } from '../jobs/job-runner.ts';
import { isUnwanted } from './start-timeout.ts';

/** The attempts of which something may still live: the bound one, or all that are not known to be over. */
export function openAttempts(execution: Pick<Execution, 'facts'>): readonly Attempt[] {
  return execution.facts.attempts.filter((attempt) => !attempt.rejected && !attempt.end);
}

/**
 * True when nothing can come of the attempt any more: no runner of it can still be handed the command, and none has it that could
 * still report. After a stop, a start that took too long or a conflict nobody is, so that an end is all there is to wait for; what never began asks for nothing.
 */
export function isClosed(facts: Facts, attempt: Attempt): boolean {
  if (attempt.rejected) return true;
  if (!attempt.end) return false;
  if (attempt.lane_settled) return true;
  if (facts.bound) return facts.bound.attempt !== attempt.attempt;
  const isRefused = isUnwanted(facts) || facts.conflict !== undefined || attempt.told_to_stop === true;
  return isRefused || attempt.end.kind === 'never_started';
}

/** How the platform is asked about an attempt. */
export function attemptRef(execution: Execution, attempt: Attempt): AttemptRef {
  return {
    execution_id: execution.execution_id,
    attempt: attempt.attempt,
    made_at_ms: attempt.made_at_ms,
    ...(attempt.platform_execution === undefined ? {} : { platform_execution: attempt.platform_execution }),
  };
}
