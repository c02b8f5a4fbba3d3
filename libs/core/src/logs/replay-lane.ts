import type { LogGap, SafetyLaneEntry } from '@runvoy/protocol';
import { executionRef, type EndRecord } from '../executions/execution.ts';
import { recordFinished } from '../executions/record-finished.ts';
import type { TellsEnds } from '../executions/run-ended.ts';
import { verifyRunnerMessage } from '../executions/runner-session.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import { isFailure } from '../failure.ts';
import type { AttemptRef, JobRunner } from '../jobs/job-runner.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { assessLog } from './assess-log.ts';
import { appendBatch, isNumbered, isProperLine } from './append-batch.ts';
import type { GrowsDigests } from './growing-digests.ts';
import type { LogStore } from './log-store.ts';
import { pageOfChunks } from './stored-chunks.ts';

export interface ReplayDeps extends TellsEnds, GrowsDigests, LogStore {
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
}

/**
 * Reads the safety lane of an attempt to its end and stores what it holds, as if the runner had just sent it: same signature check,
 * same once-only rule. Says whether a report was in it and whether anything can still be added.
 * `missing`: the lines for which it is read. Rejects when the lane cannot be read: then nothing is known.
 */
export async function replayLane(
  deps: ReplayDeps,
  attempt: AttemptRef,
  missing: readonly LogGap[] = [],
): Promise<{ readonly reported: boolean; readonly final: boolean; readonly as_of_ms?: Millis }> {
  const lane = await deps.jobs.readSafetyLane(attempt, missing);
  let reported = false;
  for await (const entry of lane.entries) {
    if (entry.execution_id !== attempt.execution_id) continue;
    if ((await storeLaneEntry(deps, entry)) === 'finished') reported = true;
  }
  const { final, as_of_ms } = lane;
  return { reported, final, ...(as_of_ms === undefined ? {} : { as_of_ms }) };
}

type LaneDeps = Omit<ReplayDeps, 'jobs'>;

/** What a message of a safety lane was: lines that were stored with it, lines that were `known`, a report, or nothing of ours. */
export type LaneEntryKind = 'logs' | 'known' | 'finished' | 'unsigned';

/**
 * Stores one message of a safety lane as if the runner had just sent it, and says what it was. One that this execution's runner has
 * not signed is `unsigned`, and nothing is stored. Fails with `EXECUTION_NOT_FOUND` when the signed run has no record.
 */
export async function storeLaneEntry(deps: LaneDeps, entry: SafetyLaneEntry): Promise<LaneEntryKind> {
  if (!isGenuine(deps, entry)) return 'unsigned';
  if (entry.runvoy === 'logs') return (await appendOnce(deps, entry.execution_id, entry.body)) ? 'logs' : 'known';
  await recordFinished(deps, entry.execution_id, entry.body);
  return 'finished';
}

/**
 * The same for a message that comes by itself, in no order: when it is what a log still lacked, the log is proven with it. Lines that
 * were known cost no more than before, and most that come this way were.
 */
export async function takeLaneEntry(deps: LaneDeps, entry: SafetyLaneEntry): Promise<LaneEntryKind> {
  const kind = await storeLaneEntry(deps, entry);
  if (kind === 'unsigned' || kind === 'known') return kind;
  const execution = (await deps.records.get(executionRef(entry.execution_id)))?.value;
  if (!execution?.end_record || execution.log_proven) return kind;
  if (entry.runvoy === 'logs' && !(await hasBothBeside(deps, entry, execution.end_record))) return kind;
  await assessLog(deps, execution);
  return kind;
}

/**
 * False while a chunk beside this one is missing: the log is not whole then, and need not be read to its end to know it. Of two that
 * are missing side by side one is stored last, and whoever brought it finds the other.
 */
async function hasBothBeside(
  log: LaneDeps,
  { execution_id, body: { from, lines } }: SafetyLaneEntry & { readonly runvoy: 'logs' },
  end: EndRecord,
): Promise<boolean> {
  const behind = from + lines.length;
  // The one before, this one and the next.
  const beside = await pageOfChunks(log, execution_id, from - 2, 3);
  const hasBefore = from === 1 || beside.some(({ through }) => through === from - 1);
  return hasBefore && (behind > end.lines || beside.some((chunk) => chunk.from === behind));
}

/** True for something of the form of a safety lane's message; whether it is one, its signature says. */
export function isLaneEntry(printed: unknown): printed is SafetyLaneEntry {
  if (typeof printed !== 'object' || printed === null) return false;
  const { runvoy, execution_id, body } = printed as Partial<Record<keyof SafetyLaneEntry, unknown>>;
  const isKind = runvoy === 'logs' || runvoy === 'finished';
  const isId = typeof execution_id === 'string' && /^[0-9a-f]{32}$/.test(execution_id);
  return isKind && isId && typeof body === 'object' && body !== null;
}

/** Anything may stand in a lane: what is not signed is passed over. */
function isGenuine(deps: LaneDeps, entry: SafetyLaneEntry): boolean {
  try {
    const message =
      entry.runvoy === 'logs'
        ? ({ kind: 'logs', body: entry.body } as const)
        : ({ kind: 'finished', body: entry.body } as const);
    verifyRunnerMessage(deps.signingKeys, deps.clock.now(), entry.execution_id, message);
    return message.kind === 'finished' || (isNumbered(message.body) && message.body.lines.every(isProperLine));
  } catch {
    return false;
  }
}

/** True when it was not there before. */
async function appendOnce(
  deps: LaneDeps,
  executionId: string,
  batch: Parameters<typeof appendBatch>[2],
): Promise<boolean> {
  try {
    return (await appendBatch(deps, executionId, batch, { isLikelyThere: true })).isNew;
  } catch (error) {
    // Recorded as a fault by appendBatch; the other batches are still wanted.
    if (!isFailure(error, 'BATCH_MISMATCH')) throw error;
    return false;
  }
}
