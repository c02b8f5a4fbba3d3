import type { JobRunner, StartOrder } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import type { Execution } from './execution.ts';
import type { TellsEnds } from './run-ended.ts';
import { applyEvidence } from './store-execution.ts';

interface Deps extends TellsEnds {
  readonly records: Records;
  readonly jobs: JobRunner;
  readonly clock: Clock;
}

/**
 * Makes a stored attempt. Never rejects: the run is stored, and whoever asked for it may not be told otherwise. Only a rejection is
 * stored, and answered as the execution it makes. Anything else is told by the attempt's bootstrap or a look: they find out what the
 * platform calls it, and that it is not wanted any more. `noticed` is told of an unknown outcome, and of a rejection that could not
 * be stored.
 */
export async function startExecution(
  deps: Deps,
  order: StartOrder,
  noticed: (error: unknown) => void,
): Promise<Execution | undefined> {
  const { execution_id, attempt } = order;
  try {
    const answer = await deps.jobs.start(order);
    if (answer.outcome === 'started') return undefined;
    const { reason, details } = answer;
    return await applyEvidence(deps, execution_id, [{ kind: 'start_rejected', attempt, reason, details }]);
  } catch (error) {
    noticed(error);
    return undefined;
  }
}
