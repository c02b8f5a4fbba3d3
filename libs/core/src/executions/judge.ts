import type { EndCause, Reason } from '@runvoy/protocol';
import { signalNumber } from './signal-number.ts';
import { isClosed } from './attempts.ts';
import type { Attempt, Facts, Report } from './execution.ts';
import type { Verdict } from './transitions.ts';

/** What a run's facts amount to now; `undefined` while nothing has happened to it. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly exit_code?: number;
  readonly reason?: Reason;
  readonly completed_at_ms?: number;
}

/** 128 + SIGXFSZ: what a shell reports for a process that wrote beyond its limit. */
const OUTPUT_LIMIT_EXIT = 153;
const STOPPED_EXIT = 130;
const TIMEOUT_EXIT = 124;
const UNKNOWN_EXIT = 1;

/**
 * Two questions. Has it ended? The platform says so, never the runner or the clock. How? The runner's report when there is one;
 * the platform's verdict only after the safety lane was read and held none. Of a run restored from a backup nobody can be asked.
 */
export function judge(facts: Facts): Judgement | undefined {
  const ended = judgeEnd(facts);
  if (ended) return ended;
  if (facts.stop) return { verdict: 'stop_requested' };
  if (facts.bound) return { verdict: 'bootstrapped' };
  return undefined;
}

function judgeEnd(facts: Facts): Judgement | undefined {
  return facts.bound ? judgeBound(facts, facts.bound.attempt) : judgeUnbound(facts);
}

function judgeBound(facts: Facts, bound: number): Judgement | undefined {
  const attempt = facts.attempts.find((known) => known.attempt === bound);
  const end = attempt?.end;
  const endedAtMs = end?.at_ms ?? facts.restored?.backup_at_ms;
  if (endedAtMs === undefined) return undefined;
  const at = { completed_at_ms: facts.report?.ended_at_ms ?? endedAtMs };
  if (facts.conflict) {
    return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: 'bootstrap_conflict', ...at };
  }
  if (facts.report) return { ...judgeReport(facts.report, facts.stop !== undefined), ...at };
  if (!end || !attempt?.lane_settled) return judgeRestored(facts);
  // A runner that asked again after the stop had lost its first answer, and with it the command.
  const wasStopped = facts.stop && (end.kind === 'cancelled' || attempt.told_to_stop);
  if (wasStopped) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT, ...at };
  return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: end.reason ?? 'lost', ...at };
}

/** No runner ever received the command: final once no attempt can still ask for it. */
function judgeUnbound(facts: Facts): Judgement | undefined {
  const last = facts.attempts.at(-1);
  if (!last) return judgeWaiting(facts);
  if (!facts.attempts.every((attempt) => isClosed(facts, attempt))) return judgeRestored(facts);
  // A stopped run is over no earlier than it was asked to stop, even when nothing of it ever began.
  const at = { completed_at_ms: Math.max(last.end?.at_ms ?? last.made_at_ms, facts.stop?.requested_at_ms ?? 0) };
  if (facts.conflict) {
    return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: 'bootstrap_conflict', ...at };
  }
  if (facts.stop) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT, ...at };
  return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: whyNoneBegan(facts, last), ...at };
}

/** What the platform says kept it from beginning explains more than that its time was up. */
function whyNoneBegan({ start_timed_out_at_ms }: Facts, { rejected, end }: Attempt): Reason {
  const told = rejected?.reason ?? end?.reason;
  if (start_timed_out_at_ms === undefined) return told ?? 'lost';
  return end?.kind === 'never_started' && told !== undefined ? told : 'start_timeout';
}

/** Without an attempt nothing of it can live: a run that waits for a slot ends as soon as anything ends its waiting. */
function judgeWaiting(facts: Facts): Judgement | undefined {
  const { stop, queue_timeout } = facts;
  if (stop) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT, completed_at_ms: stop.requested_at_ms };
  if (!queue_timeout) return judgeRestored(facts);
  const completed_at_ms = queue_timeout.at_ms;
  return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: 'queue_timeout', completed_at_ms };
}

/**
 * Over where its record was restored, whatever the platform it came from would say: nobody asks that one, and whoever went on with the
 * run here would run its command twice. How it ended nobody here can know.
 */
function judgeRestored({ restored }: Facts): Judgement | undefined {
  if (!restored) return undefined;
  const completed_at_ms = restored.backup_at_ms;
  return { verdict: 'ended_failed', exit_code: UNKNOWN_EXIT, reason: 'restored', completed_at_ms };
}

const BY_CAUSE: Record<EndCause, (report: Report, stopStored: boolean) => Judgement> = {
  stop: judgeSignal,
  timeout: () => ({ verdict: 'ended_failed', exit_code: TIMEOUT_EXIT, reason: 'timeout' }),
  output_limit: () => ({ verdict: 'ended_failed', exit_code: OUTPUT_LIMIT_EXIT, reason: 'output_limit' }),
  terminated: judgeSignal,
  // Its own end counts even when a stop was stored: the stop came too late.
  exited: (report) =>
    report.exit_code === 0 && report.reason === undefined
      ? { verdict: 'ended_ok', exit_code: 0 }
      : {
          verdict: 'ended_failed',
          exit_code: exitCodeOf(report),
          ...(report.reason === undefined ? {} : { reason: report.reason }),
        },
};

function judgeReport(report: Report, stopStored: boolean): Judgement {
  return BY_CAUSE[report.cause](report, stopStored);
}

/**
 * Ended from outside. A signal that nobody announced is the platform's doing, unless a stop was on its way to it. And to a runner
 * every cancel with a grace is a stop: one that a look sends to a run nobody hears of must not end as if somebody had asked for it.
 */
function judgeSignal(report: Report, stopStored: boolean): Judgement {
  return stopStored
    ? { verdict: 'ended_stopped', exit_code: STOPPED_EXIT }
    : { verdict: 'ended_failed', exit_code: exitCodeOf(report), reason: 'terminated' };
}

/** The shell's convention: 128 + signal number when a signal ended it. */
function exitCodeOf(report: Report): number {
  if (report.exit_code !== undefined && report.exit_code !== 0) return report.exit_code;
  if (report.signal !== undefined) return 128 + (signalNumber(report.signal) ?? 0);
  return UNKNOWN_EXIT;
}
