import { executionRef, type Execution } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import type { AssessedLog } from './assessed-log.ts';
import { chunksInOrder } from './log-chunk.ts';

/** A log with more holes than that is read each time: its gaps would fill a record. */
const GAPS_KEPT = 1_000;

/** How many chunks of the log are records. To be asked before they are read: what comes meanwhile makes what was read out of date. */
export function countChunks(records: Records, executionId: string): Promise<number> {
  return records.count(chunksInOrder, { equal: { execution_id: executionId } });
}

/** What is kept of an earlier reading, when it is of these chunks. */
export function assessedBefore(execution: Execution, chunks: number): AssessedLog | undefined {
  const { log_assessed: kept } = execution;
  return kept && isOf(kept, execution) && kept.chunks === chunks ? kept : undefined;
}

function isOf({ segments, sha256 }: AssessedLog, { log_archive, end_record }: Execution): boolean {
  return segments === (log_archive?.segments ?? 0) && sha256 === end_record?.sha256;
}

/** Keeps what was read for whoever asks next, unless the run's end record or its archive has changed meanwhile. */
export async function keepAssessed(
  records: Records,
  { execution_id, log_archive, end_record }: Execution,
  { completeness, lines, gaps }: Pick<AssessedLog, 'completeness' | 'lines' | 'gaps'>,
  chunks: number,
): Promise<void> {
  if (gaps.length > GAPS_KEPT) return;
  const assessed: AssessedLog = {
    completeness,
    lines,
    gaps,
    chunks,
    segments: log_archive?.segments ?? 0,
    ...(end_record === undefined ? {} : { sha256: end_record.sha256 }),
  };
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(execution_id));
    if (!execution || execution.log_proven || execution.log_expired || !isOf(assessed, execution)) return;
    // Of two readers at once the second has nothing to add.
    if (assessedBefore(execution, chunks)) return;
    tx.set(executionRef(execution_id), { ...execution, log_assessed: assessed });
  });
}
