import { isTerminal, type LogLine } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';
import { isLogSettled } from '../executions/finish-execution.ts';
import type { Millis } from '../time/clock.ts';
import { assessLog, type AssessDeps, type LogAssessment } from './assess-log.ts';
import { requireStillKept } from './expire-log.ts';
import { readLineBatches, readTail } from './read-log.ts';
import { statedBy } from './state-log.ts';

/** Texts of a page in characters: so much of it is held at once, however long its lines are. */
const PAGE_CHARS = 4 * 1024 * 1024;

/** A page of a log, for who reads it in pages while it grows. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Known of a run that has ended. */
  readonly assessment?: LogAssessment;
  /** The cursor of the next page; absent when this was the last one there will be. */
  readonly next_after?: number;
}

/**
 * Reads the lines after `after`, at most `limit`, fewer when they are very long, none written later than `toMs`. A page ends before a line
 * that is missing and may still come, as the live view waits for it: whoever follows `next_after` never passes it by. Once nothing more
 * can come the page goes on behind it, and the assessment names it. `passesHoles` is for who wants what is there, such as the last lines,
 * whatever is missing. Fails with `LOG_EXPIRED` when the log was removed while it was read.
 */
export async function readLogPage(
  deps: AssessDeps,
  execution: Execution,
  {
    after,
    limit,
    toMs = Infinity,
    passesHoles = false,
  }: { readonly after: number; readonly limit: number; readonly toMs?: Millis; readonly passesHoles?: boolean },
): Promise<LogPage> {
  const id = execution.execution_id;
  // Asked before the lines are read: what comes during the reading may then still count.
  const isSettled = isLogSettled(execution, deps.clock.now());
  const assessment = isTerminal(execution.status) ? await assessLog(deps, execution) : undefined;
  const mayCome = !isSettled && assessment?.completeness !== 'complete';
  const lines: LogLine[] = [];
  let last = after;
  let chars = 0;
  let isPast = false;
  let hasHole = false;
  // By chunks: a turn of the event loop for each line would cost more than the line.
  reading: for await (const batch of readLineBatches(deps, id, after)) {
    for (const line of batch) {
      isPast = line.ms > toMs;
      if (isPast || (mayCome && !passesHoles && line.seq > last + 1)) break reading;
      hasHole ||= line.seq > last + 1;
      lines.push(line);
      last = line.seq;
      chars += line.text.length;
      if (lines.length === limit || chars >= PAGE_CHARS) break reading;
    }
  }
  const isMore = !isPast && (mayCome || last < (await readTail(deps, id)));
  const isAsStated = isMore || isPast || last >= (assessment?.lines ?? Infinity);
  // Whatever is not there as it should be may have been removed meanwhile, for its age.
  if (assessment && (hasHole || !isAsStated || assessment.completeness !== 'complete'))
    await requireStillKept(deps, id);
  const stated = assessment && statedBy(assessment, isSettled);
  return { lines, ...(stated && { assessment: stated }), ...(isMore ? { next_after: last } : {}) };
}
