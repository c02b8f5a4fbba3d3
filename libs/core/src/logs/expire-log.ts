import { executionRef, type Execution } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { sessionEndMs } from './archive-plan.ts';
import { chunkRef } from './log-chunk.ts';
import { segmentName, segmentPrefix, segmentRef } from './log-segment.ts';
import type { LogStore } from './log-store.ts';
import { segmentsAfter } from './read-segments.ts';
import { pageOfChunks } from './stored-chunks.ts';

const DAY_MS = 86_400_000;
const RECORDS_A_TURN = 100;
const BLOBS_A_PAGE = 100;

/** Longer than an archiver is at work: what one seals that does not know yet that the log has expired is there by then. */
const AGAIN_MS = 3_600_000;

/**
 * Removes a log that is older than logs are kept. That it is gone is stored first, so that nobody is ever shown a part of it as the
 * whole; the run leaves the queue of logs last, so that a removal that was cut short is taken up again. It stays in the queue for an
 * hour, as another archiver may be sealing it, and while a lane can still bring lines of the run: these are removed in their turn.
 */
export async function expireLog(
  deps: LogStore & { readonly clock: Clock },
  execution: Execution,
  keptDays: number,
): Promise<void> {
  const { execution_id, log_archive, archive_due_at_ms, log_expired } = execution;
  await change(deps, execution_id, (known) => {
    return known.log_expired ? known : { ...known, log_expired: { at_ms: deps.clock.now(), kept_days: keptDays } };
  });
  // Of a log that was small when it expired another archiver may have made segments since.
  const isSealed = log_archive !== undefined || archive_due_at_ms !== undefined || log_expired !== undefined;
  await removeLog(deps, execution_id, { isSealed });
  await change(deps, execution_id, (known) => {
    // Not before: by it alone a removal that is taken up again knows that there may be blobs of which no record tells.
    const { log_since_ms, archive_due_at_ms: due, ...rest } = known;
    const nowMs = deps.clock.now();
    const visits = [(rest.log_expired?.at_ms ?? nowMs) + AGAIN_MS, sessionEndMs(rest)].filter((ms) => ms > nowMs);
    const nextMs = visits.length === 0 ? undefined : Math.min(...visits) - keptDays * DAY_MS;
    if (log_since_ms === nextMs && due === undefined) return known;
    return nextMs === undefined ? rest : { ...rest, log_since_ms: nextMs };
  });
}

/** Removes all there is of a log: records, then each blob before the record that names it, then blobs that no record names. */
async function removeLog(
  { records, archive }: LogStore,
  executionId: string,
  { isSealed }: { readonly isSealed: boolean },
): Promise<void> {
  for (;;) {
    const page = await pageOfChunks({ records }, executionId, 0, RECORDS_A_TURN);
    if (page.length === 0) break;
    await records.transact(async (tx) => {
      for (const { from } of page) tx.delete(chunkRef(executionId, from));
    });
  }
  for await (const { from } of segmentsAfter({ records }, executionId, 0)) {
    await archive.delete(segmentName(executionId, from));
    await records.delete(segmentRef(executionId, from));
  }
  if (!isSealed) return;
  for (;;) {
    const names = await archive.list(segmentPrefix(executionId), { limit: BLOBS_A_PAGE });
    if (names.length === 0) return;
    for (const name of names) await archive.delete(name);
  }
}

/** Fails with `LOG_EXPIRED` when the log is not kept any more: a reader is never shown an empty log in its place. */
export function requireKeptLog({ execution_id, log_expired }: Execution): void {
  if (!log_expired) return;
  const day = new Date(log_expired.at_ms).toISOString().slice(0, 10);
  const days = log_expired.kept_days === 1 ? 'one day' : `${log_expired.kept_days} days`;
  throw new Failure(
    'LOG_EXPIRED',
    `The log of execution ${execution_id} was removed on ${day}: this deployment keeps logs for ${days} after the end (RUNVOY_LOG_RETENTION_DAYS).`,
  );
}

/** Fails so when it is not kept any more by now: what was removed under a reader is not to be called missing. */
export async function requireStillKept({ records }: Pick<LogStore, 'records'>, executionId: string): Promise<void> {
  const stored = await records.get(executionRef(executionId));
  if (stored) requireKeptLog(stored.value);
}

async function change(
  { records }: Pick<LogStore, 'records'>,
  executionId: string,
  make: (execution: Execution) => Execution,
): Promise<void> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    const after = execution && make(execution);
    if (after && after !== execution) tx.set(executionRef(executionId), after);
  });
}

/** The age from which on a log is not kept; undefined when all are. */
export const expiryAgeMs = (keptDays: number): Millis | undefined => (keptDays > 0 ? keptDays * DAY_MS : undefined);
