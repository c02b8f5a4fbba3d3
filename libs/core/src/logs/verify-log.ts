import { isTerminal, type VerifyLogBody } from '@runvoy/protocol';
import { maskingOf, type Execution } from '../executions/execution.ts';
import type { LogStore } from './log-store.ts';
import { digestStored } from './prove-log.ts';
import { readTail } from './read-log.ts';

/**
 * Reads the whole stored log anew and compares it with what the runner signed at its end, whatever was found before. It changes
 * nothing. Memory stays flat, however long the log is.
 */
export async function verifyLog(log: LogStore, execution: Execution): Promise<VerifyLogBody> {
  const { execution_id, status, end_record, facts } = execution;
  const stored = await readTail(log, execution_id);
  const lines = end_record?.lines ?? stored;
  const { gaps, sha256 } = await digestStored(log, execution_id, lines);
  const isWhole = gaps.length === 0 && stored <= lines;
  const isProven = end_record !== undefined && isWhole && sha256 === end_record.sha256;
  // A run that never had a runner has no log to prove: nothing was promised and nothing is missing.
  const isEmpty = isTerminal(status) && !facts.bound && lines === 0;
  const unproven = isTerminal(status) ? (gaps.length > 0 && end_record ? 'gaps' : 'unproven') : 'running';
  return {
    execution_id,
    status,
    completeness: isProven || isEmpty ? 'complete' : unproven,
    lines,
    gaps,
    stored_sha256: sha256,
    ...(end_record === undefined ? {} : { sha256: end_record.sha256, bytes: end_record.bytes }),
    ...maskingOf(execution),
  };
}
