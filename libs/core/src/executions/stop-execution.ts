import { isTerminal } from '@runvoy/protocol';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { advance } from './advance.ts';
import { attemptRef, openAttempts } from './attempts.ts';
import type { Evidence } from './evidence.ts';
import { modifiedBy, type Execution } from './execution.ts';
import type { RunPolicy } from './run-policy.ts';
import { killDueMs, stopInForce } from './stop-in-force.ts';
import { tellEnd, type TellsEnds } from './run-ended.ts';
import { requireExecution, storeExecution } from './store-execution.ts';

/**
 * What became of a stop request. `hastened`: it was stopping, and is left less time now. `already`: it was stopping, in no more time
 * than was asked for, or had ended; nothing was stored.
 */
export interface StopOutcome {
  readonly outcome: 'requested' | 'hastened' | 'already';
  readonly execution: Execution;
}

/** Who asks, and for what. */
export interface StopRequest {
  readonly email: string;
  readonly requestId: string;
  /** Instead of the run's own grace, from now on; 0 kills at once. On a run that is stopping it can only leave it less time. */
  readonly grace_ms?: number;
}

interface StopDeps extends TellsEnds {
  readonly records: Records;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly policy: Pick<RunPolicy, 'stopTimeoutMs'>;
}

/**
 * Stores the stop, then asks the platform when its grace suffices; a longer grace reaches the runner in its next answer.
 * A cancel that fails is sent again by the next look: the stop is stored, so it cannot be forgotten.
 * Fails with `EXECUTION_NOT_FOUND`. `mayStop` is asked inside the transaction and throws to refuse.
 */
export async function stopExecution(
  deps: StopDeps,
  executionId: string,
  request: StopRequest,
  mayStop: (execution: Execution) => void,
  noticed: (error: unknown) => void,
): Promise<StopOutcome> {
  const { records, jobs, clock } = deps;
  const { outcome, execution, known } = await records.transact(async (tx) => {
    const before = await requireExecution(tx, executionId);
    mayStop(before);
    const now = clock.now();
    const judged = advance(before, stopEvidence(deps, before, request, now));
    if (judged === before) return { outcome: 'already' as const, execution: before, known: before };
    const after = modifiedBy(judged, request.requestId);
    await storeExecution(tx, before, after, now);
    return {
      outcome: before.facts.stop ? ('hastened' as const) : ('requested' as const),
      execution: after,
      known: before,
    };
  });
  tellEnd(deps, known, execution);
  const stop = stopInForce(execution.facts);
  // Asked again without haste, nothing is sent again; somebody in a hurry may have heard that the first cancel was not.
  const isAsked = outcome !== 'already' || request.grace_ms !== undefined;
  if (isAsked && stop && !isTerminal(execution.status) && clock.now() >= stop.cancel_at_ms) {
    for (const attempt of openAttempts(execution)) {
      await jobs.cancel(attemptRef(execution, attempt), { grace_ms: stop.grace_ms }).catch(noticed);
    }
  }
  return { outcome, execution };
}

/** One that changes nothing when the run is stopping and is left no more than is asked for. */
function stopEvidence(
  { jobs, policy }: StopDeps,
  { facts, grace_ms: usual }: Execution,
  { email, grace_ms: asked }: StopRequest,
  nowMs: Millis,
): Evidence {
  const grace_ms = asked ?? usual;
  const cancel_at_ms = grace_ms <= jobs.longestGraceMs ? nowMs : nowMs + grace_ms;
  const due = killDueMs(facts);
  const isHaste = asked !== undefined && due !== undefined && nowMs + grace_ms < due;
  return {
    kind: isHaste ? 'stop_hastened' : 'stop_requested',
    by: email,
    grace_ms,
    cancel_at_ms,
    confirm_by_ms: nowMs + grace_ms + policy.stopTimeoutMs,
    at_ms: nowMs,
  };
}
