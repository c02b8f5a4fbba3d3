import { isTerminal } from '@runvoy/protocol';
import { clockText, dateText } from '../time/time-text.ts';
import { endClause, platformName, reportClause } from './end-sentences.ts';
import { isClosed } from './attempts.ts';
import type { Attempt, Execution, Facts } from './execution.ts';
import { reasonTextOf } from './reason-texts.ts';

type Restored = NonNullable<Facts['restored']>;

/** By which rule the end of a run was judged, as `judge.ts` does; undefined while it has not ended. */
export function ruleOf(execution: Execution): string | undefined {
  if (!isTerminal(execution.status)) return undefined;
  const { facts, imported } = execution;
  if (imported)
    return `It had ended in ${imported.source}, and what it ended as came along: it is ${outcomeText(execution)}.`;
  const basis = facts.bound ? boundBasis(execution, facts.bound.attempt) : unboundBasis(facts);
  return `${basis} So it is ${outcomeText(execution)}.`;
}

/** `FAILED with exit code 1, reason out_of_memory`. */
function outcomeText({ status, exit_code, reason }: Execution): string {
  return `${status} with exit code ${exit_code ?? 1}${reason === undefined ? '' : `, reason ${reason}`}`;
}

function boundBasis({ cloud, facts }: Execution, bound: number): string {
  const attempt = facts.attempts.find((known) => known.attempt === bound);
  const ended = endedText(cloud, attempt, facts.restored);
  if (facts.conflict) return `${ended} The run had been claimed by two runners, so no report is believed.`;
  if (facts.report) return `${ended} How it ended, its runner says: ${reportClause(facts.report)}.${stopText(facts)}`;
  if (!attempt?.lane_settled && facts.restored) return `${ended} ${RESTORED}`;
  return `${ended} No report of its runner came, and none was in the backup copy of its log.${withoutReport(facts, attempt)}`;
}

const RESTORED = 'How it ended, or whether it has, is not known here.';

function restoredText({ backup_at_ms }: Restored): string {
  return `Its record is from a backup of ${dateText(backup_at_ms)}, made before its end was confirmed.`;
}

function endedText(cloud: string, attempt: Attempt | undefined, restored: Restored | undefined): string {
  const { end } = attempt ?? {};
  if (!end) return restored ? restoredText(restored) : 'It ended.';
  return `${platformName(cloud)} says that nothing of it has been alive since ${clockText(end.at_ms)}.`;
}

/** What a stored stop makes of a report. */
function stopText({ stop, report }: Facts): string {
  const isFromOutside = report?.cause === 'stop' || report?.cause === 'terminated';
  if (!stop) return isFromOutside ? ' Nobody had asked runvoy to stop it.' : '';
  return isFromOutside
    ? ` ${stop.requested_by} had asked to stop it.`
    : ' A stop was asked for and came too late: its own end counts.';
}

function withoutReport({ stop }: Facts, attempt: Attempt | undefined): string {
  const { end } = attempt ?? {};
  if (stop && (end?.kind === 'cancelled' || attempt?.told_to_stop))
    return ` ${stop.requested_by} had asked to stop it.`;
  if (end?.reason !== undefined) return ` The word of the platform stands: ${endClause(end)}.`;
  return ' Nobody knows how the command ended.';
}

function unboundBasis(facts: Facts): string {
  const { attempts, conflict, stop, start_timed_out_at_ms, restored } = facts;
  const isOver = attempts.length === 0 ? stop !== undefined : attempts.every((attempt) => isClosed(facts, attempt));
  if (restored && !isOver) return `${restoredText(restored)} ${RESTORED}`;
  if (stop && attempts.length === 0) {
    return `It waited for a slot and was never started. ${stop.requested_by} had asked to stop it.`;
  }
  const none = 'No runner ever received the command, and it is certain that none can any more.';
  if (conflict) return `${none} The run had been claimed by two runners.`;
  if (stop) return `${none} ${stop.requested_by} had asked to stop it.`;
  const last = attempts.at(-1);
  if (!last) return 'It waited for a slot and was never started. Its time in the queue was over.';
  if (start_timed_out_at_ms !== undefined && last?.end?.kind !== 'never_started') {
    return `${none} The time for its start was over at ${clockText(start_timed_out_at_ms)}.`;
  }
  if (last?.rejected) return `${none} The last start came to nothing: ${reasonTextOf(last.rejected.reason).summary}.`;
  return last?.end ? `${none} Of the last start the platform says: ${endClause(last.end)}.` : none;
}
