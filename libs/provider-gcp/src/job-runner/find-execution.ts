import type { AttemptRef } from '@runvoy/core';
import { CODE, codeOf } from './grpc-code.ts';
import { executionName, jobName, type Place } from './names.ts';
import { retried, type RetryDeps } from './retried.ts';
import type { RunApi } from './run-api.ts';
import type { RunExecution } from './run-resources.ts';

const PAGE = 100;
/** 5,000 executions: more than a deployment has within the minutes for which a name is unknown. */
const PAGES_AT_MOST = 50;
/** How far our clock and Cloud Run's may be apart. */
const SKEW_MS = 120_000;

export interface FindDeps extends RetryDeps {
  readonly api: RunApi;
  readonly place: Place;
}

/**
 * The execution of an attempt, or undefined when the platform knows none. The variables it was started with decide whose it is: a
 * name may come from a runner, and a runner may lie. A name that was the platform's own and is gone is not searched for. Rejects when
 * the platform cannot be read to the end.
 */
export async function findExecution(deps: FindDeps, attempt: AttemptRef): Promise<RunExecution | undefined> {
  const name = fullName(deps, attempt);
  if (name !== undefined) {
    const named = await readNamed(deps, name);
    if (!named || isOf(named, attempt)) return named;
  }
  return search(deps, attempt);
}

/** What the execution of an attempt is called. The name that is given is hearsay: one that the platform does not know proves nothing. */
export async function identifyExecution(deps: FindDeps, attempt: AttemptRef): Promise<string | undefined> {
  const name = fullName(deps, attempt);
  const named = name === undefined ? undefined : await readNamed(deps, name);
  return (named && isOf(named, attempt) ? named : await search(deps, attempt))?.name;
}

function fullName({ place }: FindDeps, { platform_execution }: AttemptRef): string | undefined {
  return platform_execution === undefined ? undefined : executionName(place, platform_execution);
}

async function readNamed({ api, ...deps }: FindDeps, name: string): Promise<RunExecution | undefined> {
  try {
    return await retried(deps, () => api.getExecution(name));
  } catch (error) {
    // It was there: the platform keeps the last thousand of each Job, and forgets them all with the Job.
    if (codeOf(error) === CODE.notFound) return undefined;
    throw error;
  }
}

/**
 * Reads the list of all executions, as far as it must: when it is in order, newest first, nothing older than the attempt is asked
 * for. That order is what Cloud Run shows and not what it promises, so it is checked on the way. Should the platform have made several
 * of one start, one that has not ended comes first: only its end is the attempt's.
 */
async function search(deps: FindDeps, attempt: AttemptRef): Promise<RunExecution | undefined> {
  const { api, place } = deps;
  const parent = jobName(place, '-');
  let ended: RunExecution | undefined;
  let oldestMs = Infinity;
  let isInOrder = true;
  let after: string | undefined;
  for (let pages = 0; pages < PAGES_AT_MOST; pages += 1) {
    const page = await retried(deps, () => api.listExecutions(parent, { limit: PAGE, after }));
    for (const execution of page.executions) {
      if (isOf(execution, attempt)) {
        if (execution.completedMs === undefined) return execution;
        ended ??= execution;
      }
      isInOrder &&= execution.createdMs <= oldestMs;
      oldestMs = Math.min(oldestMs, execution.createdMs);
    }
    after = page.next;
    if (after === undefined) return ended;
    if (isInOrder && attempt.made_at_ms !== undefined && oldestMs < attempt.made_at_ms - SKEW_MS) return ended;
  }
  if (ended) return ended;
  throw new Error(
    `The ${PAGES_AT_MOST * PAGE} newest executions hold none of ${attempt.execution_id}, and there are more; nothing is concluded from a list read in part.`,
  );
}

/** True when that execution was started for this attempt. */
export function isOf({ env }: RunExecution, { execution_id, attempt }: AttemptRef): boolean {
  return env['RUNVOY_EXECUTION_ID'] === execution_id && env['RUNVOY_ATTEMPT'] === String(attempt);
}
