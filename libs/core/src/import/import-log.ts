import { signedRows, type ImportLogAnswer, type LogLine } from '@runvoy/protocol';
import type { Asking } from '../access/asking.ts';
import { requirePermission } from '../access/permissions.ts';
import { executionRef, type Execution } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import { appendBatch, isNumbered } from '../logs/append-batch.ts';
import { assessLog } from '../logs/assess-log.ts';
import type { LogStore } from '../logs/log-store.ts';
import { readLines } from '../logs/read-log.ts';
import type { Clock } from '../time/clock.ts';
import { wantsLog } from './import-executions.ts';

/**
 * Stores lines of the log of an imported run, as they were cut when it was exported; the same again is no error. Who brought a run's
 * end record brought a SHA-256 with it, which the lines must fit before the log is called complete; without one it stays unproven.
 * Fails with `EXECUTION_NOT_FOUND`, with `CONFLICT` for a run of this deployment's own, with `UNPROCESSABLE` for more lines than its
 * runner stated, and with `BATCH_MISMATCH` for others than those that are stored.
 */
export async function importLog(
  deps: LogStore & { readonly clock: Clock },
  executionId: string,
  lines: readonly LogLine[],
  by: Asking,
  keep: Keep<ImportLogAnswer> = KEEP_NOTHING,
): Promise<ImportLogAnswer> {
  requirePermission(by.caller, 'import.create');
  const from = lines[0]?.seq ?? 0;
  const batch = { from, lines, expires_at: 0, key_id: '', mac: '' };
  if (!isNumbered(batch)) throw new Failure('UNPROCESSABLE', 'The lines are not numbered one after the other.');
  const execution = (await deps.records.get(executionRef(executionId)))?.value;
  if (!execution) throw new Failure('EXECUTION_NOT_FOUND', executionId);
  if (!execution.imported) throw new Failure('CONFLICT', `Execution ${executionId} ran here: its log is its runner's.`);
  const answer = { execution_id: executionId, through: lines.at(-1)!.seq };
  const stated = execution.end_record?.lines ?? Infinity;
  if (answer.through > stated) {
    throw new Failure(
      'UNPROCESSABLE',
      `The log of execution ${executionId} has ${stated} lines, as its runner stated.`,
    );
  }
  if (!wantsLog(execution)) await requireStored(deps, execution, lines);
  else {
    await appendBatch(deps, executionId, batch);
    // The last lines prove the whole; whoever reads it before would find gaps, and no fault.
    if (stated === answer.through) await assessLog(deps, execution);
  }
  // Apart from the lines, which may come twice: who asks again before this is stored adds nothing.
  if (keep.id !== undefined) await deps.records.transact(async (tx) => keep.put(tx, answer));
  return answer;
}

/** A log that is proven takes nothing any more: what comes must be what is there. What has expired can be compared with nothing. */
async function requireStored(store: LogStore, execution: Execution, lines: readonly LogLine[]): Promise<void> {
  if (execution.log_expired) return;
  const from = lines[0]!.seq;
  const stored: LogLine[] = [];
  for await (const line of readLines(store, execution.execution_id, from - 1)) {
    stored.push(line);
    if (stored.length === lines.length) break;
  }
  if (signedRows(from, stored) !== signedRows(from, lines)) throw new Failure('BATCH_MISMATCH', String(from));
}
