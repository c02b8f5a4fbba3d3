import { isTerminal } from '@runvoy/protocol';
import type { PlatformListing } from '../jobs/job-runner.ts';
import { executionRef } from './execution.ts';
import type { LookDeps } from './look-at-execution.ts';
import { lookAndStart } from './tick.ts';
import { unfinishedExecutions } from './unfinished.ts';

const LISTED_A_PAGE = 100;
const BUDGET_MS = 15_000;
const NAMED_AT_MOST = 50;

export interface SweepReport {
  readonly listed: number;
  readonly looked: number;
  readonly failed: number;
  /** What lives on the platform, labelled as ours, and has no record; the first of them. */
  readonly unrecorded: readonly string[];
  /** Where the next one goes on; absent: the list was read to its end. */
  readonly next?: string;
}

/**
 * Compares the platform's own list with the records, in pages, from `after` on and for 15 s: what lives although its run is over is
 * looked at, and so cancelled; what has ended although its run goes on is looked at, and so settled. An execution that no record
 * knows is told and left alone: another deployment may share the project. What has ended and is over costs no read, so that a
 * platform's memory of finished runs does not count. Rejects when the list cannot be read.
 */
export async function sweep(
  deps: LookDeps,
  noticed: (error: unknown, about: string) => void,
  after?: string,
): Promise<SweepReport> {
  const startedMs = deps.clock.now();
  const unfinished = new Set((await unfinishedExecutions(deps.records)).map(({ execution_id }) => execution_id));
  const unrecorded: string[] = [];
  let [listed, looked, failed] = [0, 0, 0];
  let page = await firstPage(deps, after);
  for (;;) {
    for (const listing of page.executions) {
      listed += 1;
      try {
        const isKnown = await needsLook(deps, listing, unfinished);
        if (isKnown === undefined && unrecorded.length < NAMED_AT_MOST) unrecorded.push(listing.platform_execution);
        if (!isKnown) continue;
        await lookAndStart(deps, listing.execution_id, noticed);
        looked += 1;
      } catch (error) {
        failed += 1;
        noticed(error, listing.execution_id);
      }
    }
    const { next } = page;
    const report = { listed, looked, failed, unrecorded };
    if (next === undefined) return report;
    if (deps.clock.now() - startedMs >= BUDGET_MS) return { ...report, next };
    page = await deps.jobs.list({ limit: LISTED_A_PAGE, after: next });
  }
}

/** A place in the list that the platform knows no longer is no reason to stop: the list is read from its beginning. */
async function firstPage({ jobs }: LookDeps, after: string | undefined) {
  if (after === undefined) return jobs.list({ limit: LISTED_A_PAGE });
  return jobs.list({ limit: LISTED_A_PAGE, after }).catch(() => jobs.list({ limit: LISTED_A_PAGE }));
}

/** False when the list tells nothing that the record does not know; undefined when no record knows it. */
async function needsLook(
  { records }: LookDeps,
  { execution_id, ended }: PlatformListing,
  unfinished: ReadonlySet<string>,
): Promise<boolean | undefined> {
  if (ended) return unfinished.has(execution_id);
  if (unfinished.has(execution_id)) return false;
  const stored = await records.get(executionRef(execution_id));
  // It may have begun after the unfinished ones were read.
  return stored && isTerminal(stored.value.status);
}
