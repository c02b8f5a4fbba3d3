import { isTerminal, type Completeness, type LogGap } from '@runvoy/protocol';
import { executionRef, withFault, type EndRecord, type Execution } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { assessedBefore, countChunks, keepAssessed } from './known-assessment.ts';
import type { LogStore } from './log-store.ts';
import { digestStored } from './prove-log.ts';
import { readChunks, readTail } from './read-log.ts';

/** How long after the platform's completion time either lane may still bring lines and the report, ms. */
export const SETTLE_MS = 45_000;

export interface AssessDeps extends LogStore {
  readonly clock: Clock;
}

/** What is known of a log as a whole. */
export interface LogAssessment {
  readonly completeness: Completeness;
  /** The end record's number of lines, or the highest stored one when the runner left no end record. */
  readonly lines: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly gaps: readonly LogGap[];
}

/**
 * Says whether every line is there. `complete` is said only when the stored lines are exactly 1 to the end record's and their
 * SHA-256 agrees; the proof is stored, so it is worked out once. A digest that does not agree is a recorded fault and stays `unproven`.
 * What is found of a log that is not whole, once its run has ended, is kept until a chunk of it comes.
 */
export async function assessLog(deps: AssessDeps, execution: Execution): Promise<LogAssessment> {
  const { end_record, log_proven, execution_id } = execution;
  if (execution.log_expired) return assessExpired(execution);
  if (end_record && log_proven) return { completeness: 'complete', ...statedBy(end_record), gaps: [] };
  if (!isTerminal(execution.status)) return assessByReading(deps, execution);
  const chunks = await countChunks(deps.records, execution_id);
  const known = assessedBefore(execution, chunks);
  if (known) {
    const { completeness, lines, gaps } = known;
    return { completeness, lines, ...(end_record && statedBy(end_record)), gaps };
  }
  const assessment = await assessByReading(deps, execution);
  const { completeness } = assessment;
  if (completeness === 'gaps' || completeness === 'unproven') {
    await keepAssessed(deps.records, execution, { ...assessment, completeness }, chunks);
  }
  return assessment;
}

async function assessByReading(deps: AssessDeps, execution: Execution): Promise<LogAssessment> {
  const { end_record, execution_id } = execution;
  if (!end_record) return assessWithoutEnd(deps, execution);
  const stated = statedBy(end_record);
  const { gaps, sha256 } = await digestStored(deps, execution_id, end_record.lines);
  if (gaps.length > 0) return { completeness: settledWord(execution, 'gaps'), ...stated, gaps };
  if (sha256 !== end_record.sha256) {
    await noteMismatch(deps, execution_id, `end record ${end_record.sha256}, stored lines ${sha256}`);
    return { completeness: 'unproven', ...stated, gaps };
  }
  await storeProof(deps.records, execution_id);
  return { completeness: 'complete', ...stated, gaps };
}

function statedBy({ lines, bytes, sha256 }: EndRecord): Pick<LogAssessment, 'lines' | 'bytes' | 'sha256'> {
  return { lines, bytes, sha256 };
}

/** What was known of it when it was there. */
function assessExpired({ end_record, log_proven, log_archive }: Execution): LogAssessment {
  const { lines = 0, bytes, sha256 } = end_record ?? log_archive ?? {};
  return {
    completeness: log_proven ? 'complete' : (log_archive?.completeness ?? 'unproven'),
    lines,
    ...(bytes === undefined ? {} : { bytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    gaps: log_archive?.gaps ?? [],
  };
}

/** While the run goes on, a missing line is one on its way. */
function settledWord(execution: Execution, word: Completeness): Completeness {
  return isTerminal(execution.status) ? word : 'running';
}

async function assessWithoutEnd(log: LogStore, execution: Execution): Promise<LogAssessment> {
  const lines = await readTail(log, execution.execution_id);
  if (!isTerminal(execution.status)) return { completeness: 'running', lines, gaps: [] };
  const gaps = await findGaps(log, execution.execution_id, lines);
  // A run that never had a runner has no log to prove: nothing was promised and nothing is missing.
  if (!execution.facts.bound && lines === 0 && !execution.imported)
    return { completeness: 'complete', lines: 0, gaps: [] };
  return { completeness: 'unproven', lines, gaps };
}

/** The missing numbers from 1 to `lines`, without reading texts. */
export async function findGaps(log: LogStore, executionId: string, lines: number): Promise<LogGap[]> {
  const gaps: LogGap[] = [];
  let next = 1;
  for await (const chunk of readChunks(log, executionId, 0)) {
    if (chunk.from > next) gaps.push({ from: next, to: chunk.from - 1 });
    next = chunk.through + 1;
  }
  if (next <= lines) gaps.push({ from: next, to: lines });
  return gaps;
}

async function storeProof(records: Records, executionId: string): Promise<void> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    if (!execution || execution.log_proven) return;
    const { log_assessed: _, ...rest } = execution;
    tx.set(executionRef(executionId), { ...rest, log_proven: true });
  });
}

async function noteMismatch({ records, clock }: AssessDeps, executionId: string, details: string): Promise<void> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    if (!execution || execution.faults.some((fault) => fault.details === details)) return;
    tx.set(executionRef(executionId), withFault(execution, { kind: 'digest_mismatch', at_ms: clock.now(), details }));
  });
}
