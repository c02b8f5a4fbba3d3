import type { Millis, StartAnswer } from '@runvoy/core';
import type { Reason, StartReason } from '@runvoy/protocol';
import { CODE, codeOf, saidBy } from './grpc-code.ts';
import { failureReason } from './execution-view.ts';
import { jobIdOf, type JobProfile } from './job-profile.ts';
import { partsOf } from './job-parts.ts';
import { jobOf } from './job-template.ts';
import { jobName, locationName, type Place } from './names.ts';
import { jittered, retried, type RetryDeps } from './retried.ts';
import type { JobSpec, RunApi } from './run-api.ts';
import type { RunJob } from './run-resources.ts';

export type Rejection = Extract<StartAnswer, { outcome: 'rejected' }>;

/** A new Job is ready within seconds; a caller that waits for its answer can wait no longer. */
const READY_WITHIN_MS = 20_000;
const POLL_MS = 500;

/** Answers that say for certain that the Job was not written. What is not here may pass. */
const REFUSALS: Readonly<Record<number, StartReason>> = {
  [CODE.invalidArgument]: 'job_refused',
  [CODE.failedPrecondition]: 'job_refused',
  [CODE.unimplemented]: 'job_refused',
  [CODE.notFound]: 'image_pull',
  [CODE.permissionDenied]: 'permission_denied',
  [CODE.unauthenticated]: 'permission_denied',
};

/**
 * Sees to it that the Job of a profile is there and can be run. Nothing is started by that, so whatever goes wrong is the proof that
 * nothing was; it is told as a rejection. The operation of CreateJob is not asked: the Job itself tells as much, and asking needs no
 * permission of the whole project.
 */
export async function ensureJob(
  deps: RetryDeps & { readonly api: RunApi },
  place: Place,
  profile: JobProfile,
): Promise<Rejection | undefined> {
  const { api, clock, random } = deps;
  const id = jobIdOf(profile);
  const name = jobName(place, id);
  const parts = partsOf(jobOf(profile));
  const until = clock.now() + READY_WITHIN_MS;
  let isWritten = false;
  let trouble = `The Job ${id} was not ready within ${READY_WITHIN_MS / 1000} s.`;
  while (clock.now() < until) {
    try {
      const job = await retried(deps, () => readJob(api, name));
      const isAsWritten = isWritten || job?.parts === parts;
      if (job && isReady(job) && isAsWritten) return undefined;
      if (job && hasFailed(job) && isWritten) return failure(job);
      if (!job) {
        await api.createJob(locationName(place), id, jobOf(profile));
        isWritten = true;
      } else if (hasFailed(job) || (isReady(job) && !isAsWritten)) {
        // It failed for a run before this one, perhaps for an image that has come since: written again, Cloud Run looks again.
        // Or somebody has edited it: with retries, say, a command would find its run taken by its own first try.
        await api.updateJob(name, writtenAgain(profile, clock.now()));
        isWritten = true;
      }
    } catch (error) {
      const code = codeOf(error);
      // Another instance was faster: that is as good.
      if (code === CODE.alreadyExists) continue;
      const reason = code === undefined ? undefined : REFUSALS[code];
      if (reason !== undefined) return rejected(reason, saidBy(error));
      trouble = saidBy(error);
    }
    await clock.sleep(jittered(POLL_MS, random));
  }
  return rejected('job_not_ready', trouble);
}

async function readJob(api: RunApi, name: string): Promise<RunJob | undefined> {
  try {
    return await api.getJob(name);
  } catch (error) {
    if (codeOf(error) === CODE.notFound) return undefined;
    throw error;
  }
}

function isReady({ terminal, isSettling }: RunJob): boolean {
  return terminal?.state === 'succeeded' && !isSettling;
}

function hasFailed({ terminal, isSettling }: RunJob): boolean {
  return terminal?.state === 'failed' && !isSettling;
}

function failure({ terminal }: RunJob): Rejection {
  const reason = terminal && failureReason([terminal], []);
  return rejected(reason ?? 'job_refused', terminal?.message || 'Cloud Run could not make the Job ready.');
}

function writtenAgain(profile: JobProfile, nowMs: Millis): JobSpec {
  return { ...jobOf(profile), annotations: { 'runvoy-written-at': new Date(nowMs).toISOString() } };
}

function rejected(reason: Reason, details: string): Rejection {
  return { outcome: 'rejected', reason, details };
}
