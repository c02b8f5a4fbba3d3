import { isTerminal } from '@runvoy/protocol';
import type { Evidence } from './evidence.ts';
import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { Attempt, Binding, Execution, Facts, Haste, Report, Stop } from './execution.ts';
import { withFault } from './execution.ts';
import { judge } from './judge.ts';
import { isUnwanted } from './start-timeout.ts';
import { nextStatus } from './transitions.ts';

/**
 * Takes evidence in: adds it to the facts, judges them, looks the status up. Pure.
 * Returns the same object when the evidence does not apply, so a redelivered event is a no-op, not an error.
 * A terminal execution never changes.
 */
export function advance(execution: Execution, evidence: Evidence): Execution {
  if (isTerminal(execution.status)) return execution;
  const facts = addFact(execution.facts, evidence);
  if (facts === execution.facts) return noteContradiction(execution, evidence);
  const told = { ...execution, facts };
  return leftQueue(conclude(evidence.kind === 'bootstrap_conflict' ? withFault(told, evidence) : told));
}

/** A run waits until its first attempt is made or it has ended. */
function leftQueue(execution: Execution): Execution {
  if (!execution.waiting || (execution.facts.attempts.length === 0 && !isTerminal(execution.status))) return execution;
  const { waiting: _, ...left } = execution;
  return left;
}

/** A different second report is recorded; the first stands. */
function noteContradiction(execution: Execution, evidence: Evidence): Execution {
  if (evidence.kind !== 'finished' || !execution.facts.report) return execution;
  const details = reportText(evidence.report);
  if (reportText(execution.facts.report) === details || execution.faults.some((fault) => fault.details === details))
    return execution;
  return withFault(execution, { kind: 'second_report', at_ms: evidence.report.stored_at_ms, details });
}

/** What a report says, apart from when it came, in one order of fields: a store may read them back in another. */
function reportText({ cause, exit_code, signal, reason, started_at_ms, ended_at_ms }: Report): string {
  return JSON.stringify({ cause, exit_code, signal, reason, started_at_ms, ended_at_ms });
}

function conclude(execution: Execution): Execution {
  const judgement = judge(execution.facts);
  if (!judgement) return execution;
  const status = nextStatus(execution.status, judgement.verdict);
  if (!isTerminal(status)) return { ...execution, status };
  return {
    ...execution,
    status,
    unfinished: false,
    ...(judgement.exit_code === undefined ? {} : { exit_code: judgement.exit_code }),
    ...(judgement.reason === undefined ? {} : { reason: judgement.reason }),
    ...(judgement.completed_at_ms === undefined ? {} : { completed_at_ms: judgement.completed_at_ms }),
  };
}

/** The facts with this evidence in; the same object when it adds nothing. */
function addFact(facts: Facts, evidence: Evidence): Facts {
  switch (evidence.kind) {
    case 'attempt_made':
      return addAttempt(facts, evidence);
    case 'queue_timed_out':
      // Made in time, an attempt has its slot.
      if (facts.attempts.length > 0 || facts.queue_timeout) return facts;
      return { ...facts, queue_timeout: { at_ms: evidence.at_ms } };
    case 'platform_named':
      return changeAttempt(facts, evidence.attempt, (attempt) =>
        attempt.platform_execution ? attempt : { ...attempt, platform_execution: evidence.platform_execution },
      );
    case 'start_rejected':
      // Its runner has the command, so it was started: the proof was worked out before the bootstrap was stored.
      if (facts.bound?.attempt === evidence.attempt) return facts;
      return changeAttempt(facts, evidence.attempt, (attempt) =>
        attempt.rejected ? attempt : { ...attempt, rejected: { reason: evidence.reason, details: evidence.details } },
      );
    case 'told_to_stop':
      return changeAttempt(facts, evidence.attempt, (attempt) =>
        attempt.told_to_stop ? attempt : { ...attempt, told_to_stop: true },
      );
    case 'platform_ended':
      if (isOfAnother(evidence.end, facts.bound, evidence.attempt)) return facts;
      return changeAttempt(facts, evidence.attempt, (attempt) =>
        attempt.end ? attempt : { ...attempt, end: evidence.end },
      );
    case 'lane_settled':
      return changeAttempt(facts, evidence.attempt, (attempt) =>
        attempt.lane_settled || !attempt.end ? attempt : { ...attempt, lane_settled: true },
      );
    case 'bootstrapped':
      return bind(facts, evidence);
    case 'bootstrap_conflict':
      return facts.conflict ? facts : { ...facts, conflict: { at_ms: evidence.at_ms, details: evidence.details } };
    case 'stop_requested':
      return facts.stop ? facts : { ...facts, stop: newStop(evidence) };
    case 'stop_hastened':
      return hasten(facts, newHaste(evidence));
    case 'start_timed_out':
      // Whoever has the command was started in time.
      if (facts.bound || facts.start_timed_out_at_ms !== undefined) return facts;
      return { ...facts, start_timed_out_at_ms: evidence.at_ms };
    case 'stop_progress':
      return noteProgress(facts, evidence);
    case 'finished':
      return addReport(facts, evidence);
    case 'restored':
      if (facts.restored) return facts;
      return { ...facts, restored: { backup_at_ms: evidence.backup_at_ms, at_ms: evidence.at_ms } };
  }
}

function addAttempt(facts: Facts, made: Extract<Evidence, { kind: 'attempt_made' }>): Facts {
  // Once a runner has the command, or none is to have it any more, no other may be started.
  if (facts.bound || isUnwanted(facts) || facts.attempts.some((known) => known.attempt === made.attempt)) return facts;
  const attempts = facts.attempts.map((known) =>
    known.attempt === made.replaces?.attempt && !known.rejected
      ? { ...known, rejected: { reason: made.replaces.reason, details: made.replaces.details } }
      : known,
  );
  const attempt = {
    attempt: made.attempt,
    token_hash: made.token_hash,
    made_at_ms: made.at_ms,
    ...(made.platform_execution === undefined ? {} : { platform_execution: made.platform_execution }),
  };
  return { ...facts, attempts: [...attempts, attempt].sort((a, b) => a.attempt - b.attempt) };
}

function changeAttempt(facts: Facts, number: number, change: (attempt: Attempt) => Attempt): Facts {
  let changed = false;
  const attempts = facts.attempts.map((attempt) => {
    if (attempt.attempt !== number) return attempt;
    const next = change(attempt);
    changed ||= next !== attempt;
    return next;
  });
  return changed ? { ...facts, attempts } : facts;
}

/** The first runner gets the run; what was stored about other attempts is dropped, only the bound one's end counts. */
function bind(facts: Facts, evidence: Extract<Evidence, { kind: 'bootstrapped' }>): Facts {
  if (facts.bound || isUnwanted(facts) || !facts.attempts.some((attempt) => attempt.attempt === evidence.attempt))
    return facts;
  const { attempt, nonce_hash, platform_execution, at_ms } = evidence;
  return {
    ...facts,
    attempts: facts.attempts.map((known) =>
      known.attempt === attempt
        ? bindAttempt(known, platform_execution)
        : { attempt: known.attempt, token_hash: known.token_hash, made_at_ms: known.made_at_ms },
    ),
    bound: { attempt, nonce_hash, at_ms, ...(platform_execution === undefined ? {} : { platform_execution }) },
  };
}

/**
 * A rejection is dropped: whoever asks for the command was started after all, and has to be looked at from now on. So is the end of
 * another execution that the platform made of the same start.
 */
function bindAttempt(
  { rejected: _, end, lane_settled, ...known }: Attempt,
  platform_execution: string | undefined,
): Attempt {
  const isAnother = end !== undefined && isOther(end.platform_execution, platform_execution);
  return {
    ...known,
    ...(platform_execution === undefined ? {} : { platform_execution }),
    ...(end === undefined || isAnother ? {} : { end }),
    ...(lane_settled === undefined || isAnother ? {} : { lane_settled }),
  };
}

/** True for the end of an execution that has the bound attempt's number and is not the bound one. */
function isOfAnother(end: PlatformEnd, bound: Binding | undefined, attempt: number): boolean {
  return bound?.attempt === attempt && isOther(end.platform_execution, bound.platform_execution);
}

/** A name that nobody knows, or that is empty, contradicts none. */
function isOther(a: string, b: string | undefined): boolean {
  return a !== '' && b !== undefined && b !== '' && a !== b;
}

function newStop(evidence: Extract<Evidence, { kind: 'stop_requested' }>): Stop {
  return newHaste(evidence);
}

function newHaste(evidence: Extract<Evidence, { kind: 'stop_requested' | 'stop_hastened' }>): Haste {
  const { at_ms, by, grace_ms, cancel_at_ms, confirm_by_ms } = evidence;
  return {
    requested_at_ms: at_ms,
    requested_by: by,
    grace_ms,
    cancel_at_ms,
    ...(confirm_by_ms === undefined ? {} : { confirm_by_ms }),
  };
}

/** The one that leaves the run least; of two that leave the same, the first. So it does not matter which is stored first. */
function hasten(facts: Facts, haste: Haste): Facts {
  return facts.haste && !isBefore(orderOf(haste), orderOf(facts.haste)) ? facts : { ...facts, haste };
}

const orderOf = ({ requested_at_ms, requested_by, grace_ms, cancel_at_ms }: Haste) =>
  [requested_at_ms + grace_ms, cancel_at_ms, requested_at_ms, requested_by] as const;

function isBefore(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}

/** The earliest time each step was seen; signs of a stop that nobody stored are not ours to tell. */
function noteProgress(facts: Facts, evidence: Extract<Evidence, { kind: 'stop_progress' }>): Facts {
  if (!facts.stop) return facts;
  const signalled_at_ms = facts.stop.signalled_at_ms ?? evidence.signalled_at_ms;
  const killed_at_ms = facts.stop.killed_at_ms ?? evidence.killed_at_ms;
  if (signalled_at_ms === facts.stop.signalled_at_ms && killed_at_ms === facts.stop.killed_at_ms) return facts;
  return {
    ...facts,
    stop: {
      ...facts.stop,
      ...(signalled_at_ms === undefined ? {} : { signalled_at_ms }),
      ...(killed_at_ms === undefined ? {} : { killed_at_ms }),
    },
  };
}

/** Only the bound attempt can report; a report that overtook nothing else is proof of a bootstrap that was answered. */
function addReport(facts: Facts, evidence: Extract<Evidence, { kind: 'finished' }>): Facts {
  if (facts.report || facts.bound?.attempt !== evidence.attempt) return facts;
  return { ...facts, report: evidence.report };
}
