import type { AttemptRef } from '@runvoy/core';
import { isBeingCancelled } from './execution-view.ts';
import { findExecution, type FindDeps } from './find-execution.ts';
import { CODE, codeOf } from './grpc-code.ts';
import { executionName } from './names.ts';
import { retried } from './retried.ts';

/**
 * What Cloud Run answers to a cancel that has worked, too: the task's own failure (10), "Unspecified" (2), or "not running" (9) for
 * an execution that ended meanwhile. Only the execution tells which it was.
 */
const SAYS_NOTHING: readonly (number | undefined)[] = [CODE.unknown, CODE.failedPrecondition, CODE.aborted];

/**
 * Asks for the end of an attempt's execution. One that is over or unknown is no error. The execution is read first: it must be this
 * attempt's, whatever name it goes by, because a runner's word must never end the run of somebody else.
 */
export async function cancelExecution(deps: FindDeps, attempt: AttemptRef): Promise<void> {
  const execution = await findExecution(deps, attempt);
  if (!execution || execution.completedMs !== undefined) return;
  const name = executionName(deps.place, execution.name);
  if (name === undefined) return;
  try {
    await retried(deps, () => cancelOnce(deps, name));
  } catch (error) {
    if (codeOf(error) === CODE.notFound) return;
    throw error;
  }
}

async function cancelOnce({ api }: FindDeps, name: string): Promise<void> {
  try {
    await api.cancelExecution(name);
  } catch (error) {
    if (!SAYS_NOTHING.includes(codeOf(error))) throw error;
    const now = await api.getExecution(name);
    if (now.completedMs === undefined && !isBeingCancelled(now)) throw error;
  }
}
