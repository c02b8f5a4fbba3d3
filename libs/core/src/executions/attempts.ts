import type { Attempt, Execution } from './execution.ts';
import type { AttemptRef } from '../jobs/job-runner.ts';

/** The attempts of which something may still live: the bound one, or all that are not known to be over. */
export function openAttempts(execution: Pick<Execution, 'facts'>): readonly Attempt[] {
  return execution.facts.attempts.filter((attempt) => !attempt.rejected && !attempt.end);
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
