import { healthIssue } from '@runvoy/core';
import type { Millis } from '@runvoy/core';
import type { HealthIssue } from '@runvoy/protocol';
import { CODE, codeOf, saidBy } from '../job-runner/grpc-code.ts';
import { jobName, type Place } from '../job-runner/names.ts';
import type { RetryDeps } from '../job-runner/retried.ts';
import type { RunApi } from '../job-runner/run-api.ts';
import type { ListedJob } from '../job-runner/run-resources.ts';

/** How many Jobs a region may hold. */
export interface JobLimits {
  /** From so many on, whoever's they are, some of ours are deleted. */
  readonly most: number;
  /** Down to so many. */
  readonly aim: number;
}

/** https://cloud.google.com/run/quotas: 1,000 Jobs a project and region. */
export const JOB_LIMITS: JobLimits = { most: 950, aim: 900 };

/** Younger than this, a Job may be about to be run by somebody who has just made it. */
const IDLE_MS = 3_600_000;
const DELETED_AT_ONCE = 50;

interface Jobs {
  /** Every Job of the region: the limit is for all. */
  readonly all: readonly ListedJob[];
  readonly ours: readonly ListedJob[];
  /** What unfinished runs may need. */
  readonly inUse: ReadonlySet<string>;
}

/**
 * Deletes Jobs of ours when the region is nearly full, the least recently used first, never one that a run needs, that runs, or that
 * was used or made within the hour, and never anybody else's. The etag keeps a Job that was written since it was listed. Whether a run
 * changes it, Google does not say: an hour's idleness is what a run that begins now is kept safe by.
 */
export async function freeJobs(
  deps: RetryDeps & { readonly api: RunApi; readonly place: Place; readonly limits: JobLimits },
  { all, ours, inUse }: Jobs,
): Promise<{ readonly deleted: readonly string[]; readonly issues: readonly HealthIssue[] }> {
  const { most, aim } = deps.limits;
  if (all.length < most) return { deleted: [], issues: [] };
  const now = deps.clock.now();
  const idle = ours
    .filter((job) => !inUse.has(job.name) && !isBusy(job) && now - usedMs(job) >= IDLE_MS)
    .toSorted((a, b) => usedMs(a) - usedMs(b));
  const deleted: string[] = [];
  const issues: HealthIssue[] = [];
  for (const { name, etag } of idle.slice(0, Math.min(all.length - aim, DELETED_AT_ONCE))) {
    try {
      await deps.api.deleteJob(jobName(deps.place, name), etag);
      deleted.push(name);
      issues.push(healthIssue('job_deleted', name));
    } catch (error) {
      // Another one was faster, or it has changed since.
      if (codeOf(error) === CODE.notFound || codeOf(error) === CODE.aborted) continue;
      issues.push(healthIssue('job_deleted', name, `It could not be: ${saidBy(error)}`, 'reported'));
    }
  }
  if (all.length - deleted.length >= most) {
    issues.push(healthIssue('jobs_near_limit', 'jobs', `There are ${all.length - deleted.length}.`));
  }
  return { deleted, issues };
}

function isBusy({ isSettling, lastRun }: ListedJob): boolean {
  return isSettling || lastRun?.isOver === false;
}

function usedMs({ createdMs, lastRun }: ListedJob): Millis {
  return lastRun?.createdMs ?? createdMs;
}
