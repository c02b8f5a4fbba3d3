import { isTerminal } from '@runvoy/protocol';
import type { JobRunner, StartOrder } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import type { Evidence } from './evidence.ts';
import type { Execution } from './execution.ts';
import { isUnwanted } from './start-timeout.ts';
import { stopInForce } from './stop-in-force.ts';
import { applyEvidence } from './store-execution.ts';

interface Deps {
  readonly records: Records;
  readonly jobs: JobRunner;
  readonly clock: Clock;
}

/**
 * Makes a stored attempt. Never rejects: the run is stored, and whoever asked for it may not be told otherwise. After an unknown
 * outcome, or an answer that could not be stored, the run stays as it is, and its bootstrap or a look tells; `noticed` is told of
 * it. Returns the execution as it is after the answer.
 */
export async function startExecution(
  deps: Deps,
  order: StartOrder,
  noticed: (error: unknown) => void,
): Promise<Execution | undefined> {
  const evidence = await startEvidence(deps.jobs, order, noticed);
  if (!evidence) return undefined;
  try {
    const execution = await applyEvidence(deps, order.execution_id, [evidence]);
    if (evidence.kind === 'start_answered') await cancelIfUnwanted(deps, execution, evidence);
    return execution;
  } catch (error) {
    noticed(error);
    return undefined;
  }
}

async function startEvidence(
  jobs: JobRunner,
  order: StartOrder,
  noticed: (error: unknown) => void,
): Promise<Evidence | undefined> {
  const { attempt } = order;
  try {
    const answer = await jobs.start(order);
    if (answer.outcome === 'rejected') {
      return { kind: 'start_rejected', attempt, reason: answer.reason, details: answer.details };
    }
    if (answer.platform_execution === undefined) return undefined;
    return { kind: 'start_answered', attempt, platform_execution: answer.platform_execution };
  } catch (error) {
    noticed(error);
    return undefined;
  }
}

/** A stop, or an end, that was stored while the start was on its way had nothing to cancel yet. */
async function cancelIfUnwanted(
  { jobs, clock }: Deps,
  { execution_id, status, facts }: Execution,
  { attempt, platform_execution }: Extract<Evidence, { kind: 'start_answered' }>,
): Promise<void> {
  const isGone = facts.attempts.some((known) => known.attempt === attempt && known.end);
  if (isGone || !(isUnwanted(facts) || isTerminal(status))) return;
  // A runner that has the command also has its grace: it is told by the answers to its calls, and by a look when the grace is over.
  const stop = stopInForce(facts);
  if (stop && facts.bound?.attempt === attempt && clock.now() < stop.cancel_at_ms) return;
  // The next look sends it again when this one fails.
  await jobs
    .cancel({ execution_id, attempt, platform_execution }, { grace_ms: stop?.grace_ms ?? 0 })
    .catch(() => undefined);
}
