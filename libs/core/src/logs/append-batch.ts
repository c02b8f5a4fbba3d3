import type { LogLine, LogsMessage } from '@runvoy/protocol';
import { Failure, isFailure } from '../failure.ts';
import { executionRef, withFault } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import type { GrowsDigests } from './growing-digests.ts';
import { chunkRef, newChunk, type LogChunk } from './log-chunk.ts';
import { TakenBatch } from './take-batch.ts';

/**
 * Stores a batch exactly once, whichever lane brings it, however often. Resolves when it is durable. `isLikelyThere`: it comes by the
 * lane that is behind the other, as a rule. Then it is asked for first: a look at its hash costs less than a create with all its lines
 * that is refused.
 * The same content again is no error; other content under a stored number is recorded as a fault, nothing is overwritten, and the
 * call fails with `BATCH_MISMATCH`. Of a message the caller has verified the signature and the form (`lines` numbered from `from`
 * without gaps); a batch that was taken knows whether it is signed, and fails with `BAD_SIGNATURE`.
 */
export async function appendBatch(
  { records, clock, digests }: GrowsDigests & { records: Records; clock: Clock },
  executionId: string,
  batch: LogsMessage | TakenBatch,
  { isLikelyThere = false }: { readonly isLikelyThere?: boolean } = {},
): Promise<{ readonly acked_through: number; readonly isNew: boolean }> {
  const chunk = batch instanceof TakenBatch ? batch.chunk : newChunk(executionId, batch, clock.now());
  const acked_through = chunk.through;
  const before = isLikelyThere ? await storedHash(records, chunk) : undefined;
  if (before === undefined && (await isCreated(records, chunk))) {
    digests?.stored(chunk);
    return { acked_through, isNew: true };
  }
  const stored = before ?? (await storedHash(records, chunk));
  if (stored !== chunk.content_hash) await refuseOther({ records, clock }, executionId, { chunk, stored });
  return { acked_through, isNew: false };
}

async function storedHash(records: Records, { execution_id, from }: LogChunk): Promise<string | undefined> {
  return (await records.getFields(chunkRef(execution_id, from), ['content_hash']))?.content_hash;
}

async function isCreated(records: Records, chunk: LogChunk): Promise<boolean> {
  try {
    await records.create(chunkRef(chunk.execution_id, chunk.from), chunk);
    return true;
  } catch (error) {
    if (!isFailure(error, 'RECORD_EXISTS')) throw error;
    return false;
  }
}

async function refuseOther(
  { records, clock }: { records: Records; clock: Clock },
  executionId: string,
  { chunk, stored }: { readonly chunk: LogChunk; readonly stored: string | undefined },
): Promise<never> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    if (!execution) return;
    const details = `lines ${chunk.from}-${chunk.through}: stored ${stored}, received ${chunk.content_hash}`;
    if (execution.faults.some((fault) => fault.details === details)) return;
    const noted = withFault(execution, { kind: 'batch_mismatch', at_ms: clock.now(), details });
    if (noted !== execution) tx.set(executionRef(executionId), noted);
  });
  throw new Failure('BATCH_MISMATCH', String(chunk.from));
}

/** True when there are lines and they carry consecutive numbers from `from`, 1 or more: what the schema cannot say. */
export function isNumbered(batch: LogsMessage): boolean {
  // A batch without lines would take the place of the one that really begins there.
  if (batch.lines.length === 0 || !Number.isSafeInteger(batch.from) || batch.from < 1) return false;
  return batch.lines.every((line, index) => line.seq === batch.from + index);
}

const FIELDS: readonly string[] = ['seq', 'stream', 'ms', 'text', 'partial'];
const STREAMS: readonly string[] = ['stdout', 'stderr', 'system'];

/**
 * True for a line of exactly the fields and types that the MAC covers. For lanes without a schema at their door: rows are text, so a
 * genuine batch with a field added, or a number turned into a string, still has a valid MAC and must not be stored.
 */
export function isProperLine(line: Partial<Record<keyof LogLine, unknown>>): boolean {
  return (
    Object.keys(line).every((field) => FIELDS.includes(field)) &&
    STREAMS.some((stream) => stream === line.stream) &&
    Number.isSafeInteger(line.ms) &&
    typeof line.text === 'string' &&
    !line.text.includes('\n') &&
    (line.partial === undefined || line.partial === true)
  );
}
