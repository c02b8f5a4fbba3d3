import { isTerminal } from '@runvoy/protocol';
import type { Execution } from './execution.ts';
import { executionRef } from './execution.ts';
import type { LookDeps } from './look-at-execution.ts';
import { lookAndStart } from './tick.ts';
import type { PlatformListing } from '../jobs/job-runner.ts';

const LISTED_A_PAGE = 100;
const BUDGET_MS = 25_000;

export interface SweepReport {
  readonly listed: number;
  readonly looked: number;
  readonly failed: number;
}

/**
 * Compares the platform's own list with the records, in pages: what lives although its run is over is looked at, and so cancelled;
 * what has ended although its run goes on is looked at, and so settled. An execution that no record knows is left alone: another
 * deployment may share the project.
 */
export async function sweep(deps: LookDeps, noticed: (error: unknown, about: string) => void): Promise<SweepReport> {
  const startedMs = deps.clock.now();
  let [listed, looked, failed] = [0, 0, 0];
  let after: string | undefined;
  do {
    const page = await deps.jobs.list({ limit: LISTED_A_PAGE, ...(after === undefined ? {} : { after }) });
    for (const listing of page.executions) {
      listed += 1;
      try {
        const execution = (await deps.records.get(executionRef(listing.execution_id)))?.value;
        if (!execution || agrees(execution, listing)) continue;
        await lookAndStart(deps, listing.execution_id, noticed);
        looked += 1;
      } catch (error) {
        failed += 1;
        noticed(error, listing.execution_id);
      }
    }
    after = page.next;
  } while (after !== undefined && deps.clock.now() - startedMs < BUDGET_MS);
  return { listed, looked, failed };
}

/** True when the list tells nothing that the record does not know. */
function agrees(execution: Execution, listing: PlatformListing): boolean {
  return isTerminal(execution.status) === listing.ended;
}
