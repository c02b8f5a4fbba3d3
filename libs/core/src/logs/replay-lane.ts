import { recordFinished } from '../executions/record-finished.ts';
import { verifyRunnerMessage } from '../executions/runner-session.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import { isFailure } from '../failure.ts';
import type { AttemptRef, JobRunner } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { appendBatch, isNumbered, isProperLine } from './append-batch.ts';

export interface ReplayDeps {
  readonly records: Records;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
}

/**
 * Reads the safety lane of an attempt to its end and stores what it holds, as if the runner had just sent it: same signature check,
 * same once-only rule. Says whether a report was in it and whether anything can still be added.
 * Rejects when the lane cannot be read: then nothing is known.
 */
export async function replayLane(
  deps: ReplayDeps,
  attempt: AttemptRef,
): Promise<{ readonly reported: boolean; readonly final: boolean }> {
  const lane = await deps.jobs.readSafetyLane(attempt);
  let reported = false;
  for await (const entry of lane.entries) {
    if (entry.execution_id !== attempt.execution_id || !isGenuine(deps, attempt, entry)) continue;
    if (entry.runvoy === 'finished') {
      await recordFinished(deps, attempt.execution_id, entry.body);
      reported = true;
    } else {
      await appendOnce(deps, attempt, entry.body);
    }
  }
  return { reported, final: lane.final };
}

type Entry = Awaited<ReturnType<JobRunner['readSafetyLane']>>['entries'] extends AsyncIterable<infer E> ? E : never;

/** Anything may stand in a lane: what is not signed is passed over. */
function isGenuine(deps: ReplayDeps, attempt: AttemptRef, entry: Entry): boolean {
  try {
    const message =
      entry.runvoy === 'logs'
        ? ({ kind: 'logs', body: entry.body } as const)
        : ({ kind: 'finished', body: entry.body } as const);
    verifyRunnerMessage(deps.signingKeys, deps.clock.now(), attempt.execution_id, message);
    return message.kind === 'finished' || (isNumbered(message.body) && message.body.lines.every(isProperLine));
  } catch {
    return false;
  }
}

async function appendOnce(
  deps: ReplayDeps,
  attempt: AttemptRef,
  batch: Parameters<typeof appendBatch>[2],
): Promise<void> {
  try {
    await appendBatch(deps, attempt.execution_id, batch);
  } catch (error) {
    // Recorded as a fault by appendBatch; the other batches are still wanted.
    if (!isFailure(error, 'BATCH_MISMATCH')) throw error;
  }
}
