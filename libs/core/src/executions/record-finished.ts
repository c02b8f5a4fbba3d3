import type { FinishedMessage } from '@runvoy/protocol';
import type { GrowsDigests } from '../logs/growing-digests.ts';
import type { LogStore } from '../logs/log-store.ts';
import { isProvenByFirstPage } from '../logs/prove-log.ts';
import type { Clock } from '../time/clock.ts';
import { advance } from './advance.ts';
import type { Evidence } from './evidence.ts';
import { withFault, type EndRecord, type Execution, type Report } from './execution.ts';
import { tellEnd, type TellsEnds } from './run-ended.ts';
import { requireExecution, storeExecution } from './store-execution.ts';

/**
 * Stores the runner's report and its log's end record. The first report stands. After a terminal state the status stays what it is,
 * but a late end record is still taken in: completeness may improve. A log is proven in the same transaction when this process has
 * stored all of its lines, or when it is short and all are stored: chunks never change, so what was true of them before it still is. The
 * caller has verified the signature, which only the bound attempt can make.
 */
export async function recordFinished(
  deps: TellsEnds & GrowsDigests & LogStore & { readonly clock: Clock },
  executionId: string,
  message: FinishedMessage,
): Promise<Execution> {
  const { records, clock } = deps;
  const record = endRecordOf(message);
  // The report is worth more than the proof: what cannot be read now is proven by the next who asks.
  const isProven = await isProvenAtOnce(deps, executionId, record).catch(() => false);
  const { known, stored } = await records.transact(async (tx) => {
    const before = await requireExecution(tx, executionId);
    const judged = finishedEvidence(before, message, clock.now()).reduce(advance, before);
    const ended = withEndRecord(judged, record, clock.now());
    const after = isProven ? withProof(ended, record) : ended;
    await storeExecution(tx, before, after, clock.now());
    return { known: before, stored: after };
  });
  tellEnd(deps, known, stored);
  return stored;
}

async function isProvenAtOnce(deps: GrowsDigests & LogStore, executionId: string, record: EndRecord): Promise<boolean> {
  if (await deps.digests?.proves(deps.records, executionId, record)) return true;
  return isProvenByFirstPage(deps, executionId, record);
}

function finishedEvidence(execution: Execution, message: FinishedMessage, nowMs: number): readonly Evidence[] {
  const attempt = execution.facts.bound?.attempt;
  // Nobody can hold a session key without a bootstrap; a run without one has been restored from somewhere older.
  if (attempt === undefined) return [];
  return [...progressEvidence(message.stop_progress), { kind: 'finished', attempt, report: reportOf(message, nowMs) }];
}

/** How far a stop has come, as evidence; none when the runner says nothing of it. */
export function progressEvidence(progress: FinishedMessage['stop_progress']): readonly Evidence[] {
  if (!progress) return [];
  return [
    {
      kind: 'stop_progress',
      ...(progress.signalled_ms === undefined ? {} : { signalled_at_ms: progress.signalled_ms }),
      ...(progress.killed_ms === undefined ? {} : { killed_at_ms: progress.killed_ms }),
    },
  ];
}

function reportOf(message: FinishedMessage, nowMs: number): Report {
  const { cause, exit_code, signal, reason, details, started_at, ended_at } = message;
  return {
    cause,
    ...(exit_code === undefined ? {} : { exit_code }),
    ...(signal === undefined ? {} : { signal }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    started_at_ms: started_at,
    ended_at_ms: ended_at,
    stored_at_ms: nowMs,
  };
}

function endRecordOf({ lines, bytes, sha256, maskings, unmasked }: FinishedMessage): EndRecord {
  return { lines, bytes, sha256, maskings, ...(unmasked?.length ? { unmasked } : {}) };
}

/** The first end record stands; another one is a fault. */
function withEndRecord(execution: Execution, record: EndRecord, nowMs: number): Execution {
  const { end_record: first, faults } = execution;
  if (!first) return { ...execution, end_record: record };
  if (first.sha256 === record.sha256 && first.lines === record.lines && first.bytes === record.bytes) return execution;
  const details = JSON.stringify(record);
  if (faults.some((fault) => fault.details === details)) return execution;
  return withFault(execution, { kind: 'second_report', at_ms: nowMs, details });
}

/** Proven is the end record that stands, never another one. */
function withProof(execution: Execution, { lines, sha256 }: EndRecord): Execution {
  const { end_record: standing, log_proven } = execution;
  if (log_proven || standing?.lines !== lines || standing.sha256 !== sha256) return execution;
  return { ...execution, log_proven: true };
}
