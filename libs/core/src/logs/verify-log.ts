import { isTerminal, type VerifyLogBody } from '@runvoy/protocol';
import { maskingOf, type Execution } from '../executions/execution.ts';
import { isLogSettled } from '../executions/finish-execution.ts';
import type { AssessDeps } from './assess-log.ts';
import { requireStillKept } from './expire-log.ts';
import { digestStored } from './prove-log.ts';
import { readTail } from './read-log.ts';

/**
 * Reads the whole stored log anew and compares it with what the runner signed at its end, whatever was found before. It changes
 * nothing. Fails with `LOG_EXPIRED` when it was removed while it was read. Memory stays flat, however long the log is. Rejects with the
 * reason of `signal` when it aborts: nobody waits for the answer any more.
 */
export async function verifyLog(log: AssessDeps, execution: Execution, signal?: AbortSignal): Promise<VerifyLogBody> {
  const { execution_id, status, end_record, facts } = execution;
  const isSettled = isLogSettled(execution, log.clock.now());
  const stored = await readTail(log, execution_id);
  const lines = end_record?.lines ?? stored;
  const { gaps, sha256 } = await digestStored(log, execution_id, lines, signal);
  const isWhole = gaps.length === 0 && stored <= lines;
  const isProven = end_record !== undefined && isWhole && sha256 === end_record.sha256;
  // A run that never had a runner has no log to prove: nothing was promised and nothing is missing.
  const isEmpty = isTerminal(status) && !facts.bound && lines === 0;
  if (isTerminal(status) && !isProven && !isEmpty) await requireStillKept(log, execution_id);
  // As every door has it: what may still come is not missing.
  const unproven = !isSettled ? 'running' : gaps.length > 0 && end_record ? 'gaps' : 'unproven';
  const completeness = isProven || isEmpty ? 'complete' : unproven;
  return {
    execution_id,
    status,
    completeness,
    lines,
    gaps: completeness === 'running' ? [] : gaps,
    stored_sha256: sha256,
    ...(end_record === undefined ? {} : { sha256: end_record.sha256, bytes: end_record.bytes }),
    ...(execution.imported === undefined ? {} : { imported: true as const }),
    ...maskingOf(execution),
  };
}
