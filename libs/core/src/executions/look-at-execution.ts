import { isTerminal } from '@runvoy/protocol';
import { hashToken, type RandomBytes } from '../access/tokens.ts';
import type { PlatformEnd, PlatformView, StartOrder } from '../jobs/job-runner.ts';
import { Failure } from '../failure.ts';
import { SETTLE_MS } from '../logs/assess-log.ts';
import type { Stored } from '../records/records.ts';
import { replayLane, type ReplayDeps } from '../logs/replay-lane.ts';
import type { SlotLimits } from '../slots/slot-limits.ts';
import type { Millis } from '../time/clock.ts';
import { elapsedSince } from '../time/elapsed.ts';
import { attemptRef, isClosed, openAttempts } from './attempts.ts';
import type { Evidence } from './evidence.ts';
import { executionRef, type Attempt, type Execution } from './execution.ts';
import { withNotedReason } from './platform-notes.ts';
import { cancelDue } from './cancel-due.ts';
import { judgeAbsence } from './judge-absence.ts';
import { noteWait } from './note-wait.ts';
import { isStartLate, isUnwanted, type StartTimeout } from './start-timeout.ts';
import { stopInForce } from './stop-in-force.ts';
import { applyEvidenceTo } from './store-execution.ts';
import type { TrailEntry } from './trail-entry.ts';
import { noteTrail } from './trail.ts';

export interface LookDeps extends ReplayDeps, StartTimeout {
  readonly random: RandomBytes;
  /** Since when this process could hear runners: silence before that was ours. */
  readonly upSinceMs: Millis;
  /** How many runs may be under way at once: who looks also starts those that waited. */
  readonly limits?: SlotLimits;
}

type LivingView = Extract<PlatformView, { state: 'starting' | 'alive' }>;

/** What a look learned, and the start it calls for: the caller makes it, after it is stored. */
export interface Look {
  readonly execution: Execution;
  readonly order?: StartOrder;
}

/**
 * Asks the platform about every attempt of a run that may still live, reads the safety lane where one has ended without a report,
 * stores what it learned in one commit and sends the cancels that are due. Writes nothing when nothing is new.
 * Rejects when the platform or a lane cannot be read: nothing is concluded then.
 */
export async function lookAtExecution(deps: LookDeps, executionId: string): Promise<Look> {
  const read = await readExecution(deps, executionId);
  const { evidence, notes, order, late, lanesRead } = await gatherEvidence(deps, read.value);
  // What was in a lane is stored already, and may have ended the run.
  if (evidence.length === 0 && notes.reduce(noteTrail, read.value) === read.value) {
    return { execution: lanesRead === 0 ? read.value : (await readExecution(deps, executionId)).value };
  }
  const execution = await applyEvidenceTo(deps, read, evidence, notes);
  await cancelLateStarts(deps, execution, late);
  return isOrderStored(execution, order) ? { execution, order } : { execution };
}

/** What the platform and the lanes tell of a run, not stored yet, and the start it calls for once it is. */
export interface Gathered {
  readonly evidence: readonly Evidence[];
  /** What is to be kept for whoever asks why; nothing is decided by it. */
  readonly notes: readonly TrailEntry[];
  readonly order?: StartOrder;
  readonly late: readonly LateStart[];
  readonly lanesRead: number;
}

/** An attempt that has taken too long to start, and what the platform shows of it. */
export interface LateStart {
  readonly attempt: Attempt;
  readonly view: LivingView;
}

/**
 * The first half of a look: asks, reads lanes (their messages are stored as they are read) and sends the cancels that are due. What it
 * returns is true whatever happens until it is stored.
 */
export async function gatherEvidence(deps: LookDeps, before: Execution): Promise<Gathered> {
  let lanesRead = 0;
  let order: StartOrder | undefined;
  const evidence: Evidence[] = [];
  const late: LateStart[] = [];
  const notes: TrailEntry[] = [];
  for (const attempt of before.facts.attempts) {
    // Given up is not proven gone: what still turns up after the end is cancelled by the look that finds it.
    if (attempt.rejected && !isTerminal(before.status)) continue;
    const view: PlatformView = attempt.end
      ? { state: 'ended', end: attempt.end }
      : await deps.jobs.look(attemptRef(before, attempt));
    if (view.state === 'ended') {
      const isReportAwaited = awaitsReport(before, { ...attempt, end: view.end });
      if (!attempt.end) {
        // How it ended is the runner's to tell; the platform's word is looked up when no runner has.
        const end = isReportAwaited ? await withNotedReason(deps.records, view.end) : view.end;
        evidence.push({ kind: 'platform_ended', attempt: attempt.attempt, end });
      }
      if (isReportAwaited) {
        lanesRead += 1;
        evidence.push(...(await settle(deps, before, attempt, view.end)));
      }
    } else if (view.state === 'absent') {
      const absent = await judgeAbsence(deps, before, attempt, view.never);
      if (absent) evidence.push(absent.evidence);
      order = absent?.order ?? order;
    } else if (isStartLate(deps, before, attempt)) {
      late.push({ attempt, view });
    } else {
      if (isNameless(before, attempt)) {
        const { platform_execution } = view;
        evidence.push({ kind: 'platform_named', attempt: attempt.attempt, platform_execution });
      }
      notes.push(
        ...(await cancelIfDue(deps, before, attempt, view)),
        ...noteWait(before, attempt, view, deps.clock.now()),
      );
    }
  }
  if (late.length > 0) evidence.push({ kind: 'start_timed_out', at_ms: deps.clock.now() });
  return { evidence, notes, late, lanesRead, ...(order === undefined ? {} : { order }) };
}

/** Not before it is stored that they are late: a runner that asks until then has the command, and is not. */
export async function cancelLateStarts(
  deps: LookDeps,
  execution: Execution,
  late: readonly LateStart[],
): Promise<void> {
  for (const { attempt, view } of late) await cancelIfDue(deps, execution, attempt, view);
}

/** The order stands only when its own attempt was stored: a bootstrap, a stop or another look may have come in between. */
export function isOrderStored({ facts }: Execution, order: StartOrder | undefined): order is StartOrder {
  return order !== undefined && facts.attempts.some((known) => known.token_hash === hashToken(order.token));
}

async function readExecution(deps: LookDeps, executionId: string): Promise<Stored<Execution>> {
  const stored = await deps.records.get(executionRef(executionId));
  if (!stored) throw new Failure('EXECUTION_NOT_FOUND', executionId);
  return stored;
}

/**
 * After an end without a report: the lane itself is read, and only when it can be read, holds no report and nothing can still come
 * (its writer is dead, or the window after the platform's own completion time is over) does the platform's verdict stand.
 */
async function settle(
  deps: LookDeps,
  execution: Execution,
  attempt: Attempt,
  end: PlatformEnd,
): Promise<readonly Evidence[]> {
  // The window must be over before the reading begins: what comes into the lane meanwhile may not be read.
  const elapsedMs = elapsedSince(deps, end.at_ms);
  const lane = await replayLane(deps, attemptRef(execution, attempt));
  if (lane.reported) return [];
  const isWindowOver = (lane.as_of_ms === undefined ? elapsedMs : lane.as_of_ms - end.at_ms) >= SETTLE_MS;
  return lane.final || isWindowOver ? [{ kind: 'lane_settled', attempt: attempt.attempt }] : [];
}

/** True when a report of this ended attempt may still lie in its lane. */
function awaitsReport({ status, facts }: Execution, attempt: Attempt): boolean {
  if (isTerminal(status) || isClosed(facts, attempt)) return false;
  return !(facts.report && facts.bound?.attempt === attempt.attempt);
}

/**
 * True when it is worth a write to keep what the platform calls this attempt: it is still to ask for the command, and until then
 * every look would have to search for it.
 */
function isNameless({ status, facts }: Execution, attempt: Attempt): boolean {
  return attempt.platform_execution === undefined && !facts.bound && !isUnwanted(facts) && !isTerminal(status);
}

async function cancelIfDue(
  deps: LookDeps,
  execution: Execution,
  attempt: Attempt,
  view: LivingView,
): Promise<readonly TrailEntry[]> {
  const cause = await cancelDue(deps, execution, attempt, view);
  if (cause === undefined) return [];
  const { platform_execution } = view;
  await deps.jobs.cancel(
    { execution_id: execution.execution_id, attempt: attempt.attempt, platform_execution },
    { grace_ms: stopInForce(execution.facts)?.grace_ms ?? 0 },
  );
  // What is over changes no more; and that the time for a start was over is a fact by itself, with its time.
  if (cause === 'over' || cause === 'start_timeout' || (cause === 'stop' && isSentByStop(execution))) return [];
  return [{ at_ms: deps.clock.now(), kind: 'cancel_sent', attempt: attempt.attempt, about: cause }];
}

/** A stop whose grace is short has sent its cancel itself, at once. */
function isSentByStop({ facts }: Execution): boolean {
  const dueMs = stopInForce(facts)?.cancel_at_ms;
  return dueMs === facts.stop?.requested_at_ms || dueMs === facts.haste?.requested_at_ms;
}

/** Runs that wait for a look first: those being stopped, then those whose end is seen but not settled, then the others. */
export function byUrgency(a: Pick<Execution, 'facts'>, b: Pick<Execution, 'facts'>): number {
  return urgency(a) - urgency(b);
}

function urgency(execution: Pick<Execution, 'facts'>): number {
  if (isUnwanted(execution.facts)) return 0;
  return openAttempts(execution).length < execution.facts.attempts.length ? 1 : 2;
}
