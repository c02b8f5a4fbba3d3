import type { ImportLogAnswer, LogLine } from '@runvoy/protocol';
import type { Asking } from '../access/asking.ts';
import { requirePermission } from '../access/permissions.ts';
import { executionRef } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import { appendBatch, isNumbered } from '../logs/append-batch.ts';
import { assessLog } from '../logs/assess-log.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { Clock } from '../time/clock.ts';
import { wantsLog } from './import-executions.ts';

/**
 * Stores lines of the log of an imported run, as they were cut when it was exported; the same again is no error. Who brought a run's
 * end record brought a SHA-256 with it, which the lines must fit before the log is called complete; without one it stays unproven.
 * Fails with `EXECUTION_NOT_FOUND`, with `CONFLICT` for a run of this deployment's own, and as `appendBatch` does.
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
  if (wantsLog(execution)) {
    await appendBatch(deps, executionId, batch);
    // The last lines prove the whole; whoever reads it before would find gaps, and no fault.
    if (execution.end_record?.lines === answer.through) await assessLog(deps, execution);
  }
  // Apart from the lines, which may come twice: who asks again before this is stored adds nothing.
  if (keep.id !== undefined) await deps.records.transact(async (tx) => keep.put(tx, answer));
  return answer;
}
