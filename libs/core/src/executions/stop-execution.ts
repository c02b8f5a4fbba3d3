import { isTerminal } from '@runvoy/protocol';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { advance } from './advance.ts';
import { attemptRef, openAttempts } from './attempts.ts';
import type { Execution } from './execution.ts';
import { requireExecution, storeExecution } from './store-execution.ts';

/** What became of a stop request. `already`: it was stopping or had ended, nothing was done. */
export interface StopOutcome {
  readonly outcome: 'requested' | 'already';
  readonly execution: Execution;
}

/**
 * Stores the stop, then asks the platform when its grace suffices; a longer grace reaches the runner in its next answer.
 * A cancel that fails is sent again by the next look: the stop is stored, so it cannot be forgotten.
 * Fails with `EXECUTION_NOT_FOUND`. `mayStop` is asked inside the transaction and throws to refuse.
 */
export async function stopExecution(
  { records, jobs, clock }: { records: Records; jobs: JobRunner; clock: Clock },
  executionId: string,
  by: { readonly email: string; readonly requestId: string },
  mayStop: (execution: Execution) => void,
  noticed: (error: unknown) => void,
): Promise<StopOutcome> {
  const { outcome, execution } = await records.transact(async (tx): Promise<StopOutcome> => {
    const before = await requireExecution(tx, executionId);
    mayStop(before);
    if (before.facts.stop || isTerminal(before.status)) return { outcome: 'already', execution: before };
    const now = clock.now();
    const grace_ms = before.grace_ms;
    const after = {
      ...advance(before, {
        kind: 'stop_requested',
        by: by.email,
        grace_ms,
        cancel_at_ms: grace_ms <= jobs.longestGraceMs ? now : now + grace_ms,
        at_ms: now,
      }),
      modified_by_request_id: by.requestId,
    };
    storeExecution(tx, before, after, now);
    return { outcome: 'requested', execution: after };
  });
  if (outcome === 'requested' && execution.grace_ms <= jobs.longestGraceMs) {
    for (const attempt of openAttempts(execution)) {
      await jobs.cancel(attemptRef(execution, attempt), { grace_ms: execution.grace_ms }).catch(noticed);
    }
  }
  return { outcome, execution };
}
