import { isTerminal, type LogLine } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';
import { isLogSettled } from '../executions/finish-execution.ts';
import type { Millis } from '../time/clock.ts';
import { assessLog, type AssessDeps, type LogAssessment } from './assess-log.ts';
import { readLines, readTail } from './read-log.ts';

/** A page of a log, for who reads it in pages while it grows. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Known of a run that has ended. */
  readonly assessment?: LogAssessment;
  /** The cursor of the next page; absent when this was the last one there will be. */
  readonly next_after?: number;
}

/**
 * Reads the lines after `after`, at most `limit`, none written later than `toMs`. A page ends before a line that is missing and may
 * still come, as the live view waits for it: whoever follows `next_after` never passes it by. Once nothing more can come the page goes
 * on behind it, and the assessment names it. `passesHoles` is for who wants what is there, such as the last lines, whatever is missing.
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
  let isPast = false;
  for await (const line of readLines(deps, id, after)) {
    isPast = line.ms > toMs;
    if (isPast || (mayCome && !passesHoles && line.seq > last + 1)) break;
    lines.push(line);
    last = line.seq;
    if (lines.length === limit) break;
  }
  const isMore = !isPast && (mayCome || last < (await readTail(deps, id)));
  return { lines, ...(assessment && { assessment }), ...(isMore ? { next_after: last } : {}) };
}
