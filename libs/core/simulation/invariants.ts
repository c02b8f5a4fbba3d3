import { createHash } from 'node:crypto';
import { digestRow, isTerminal, signedRows, type ExecutionStatus, type FinishedMessage } from '@runvoy/protocol';
import type { Attempt, Execution } from '../src/executions/execution.ts';
import { linesOf, type LogChunk } from '../src/logs/log-chunk.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import { WINDOWS } from './windows.ts';
import type { World } from './world.ts';
import type { Write } from './write.ts';

// What must hold at every write, told from the truth of the simulated world. Nothing of the decisions under test is used here but the
// names of things and the stated windows of time: a rule that is wrong in both places would hide.

const RANK: Record<ExecutionStatus, number> = {
  STARTING: 0,
  RUNNING: 1,
  TERMINATING: 2,
  SUCCEEDED: 3,
  FAILED: 3,
  STOPPED: 3,
};

/** One step of a run's record: [terminal-changed], [status-backwards], [unasked-stop], [tick-idempotent], [no-late-start]. */
export function checkStep(world: World, run: RunTruth, before: Execution | undefined, after: Execution): void {
  const { label } = run;
  if (['TERMINATING', 'STOPPED'].includes(after.status) && run.stopAskedMs === undefined) {
    world.violate('unasked-stop', `${label} is ${after.status} and nobody asked for it`);
  }
  if (after.unfinished === isTerminal(after.status)) {
    world.violate(
      'not-terminal-in-bound',
      `${label} is ${after.status} and listed as ${after.unfinished ? '' : 'not '}unfinished`,
    );
  }
  if (!before) return;
  if (isTerminal(before.status)) {
    const isSame =
      before.status === after.status && before.exit_code === after.exit_code && before.reason === after.reason;
    if (!isSame)
      world.violate('terminal-changed', `${label} was ${outcomeText(before)} and became ${outcomeText(after)}`);
  }
  if (RANK[after.status] < RANK[before.status]) {
    world.violate('status-backwards', `${label} went from ${before.status} to ${after.status}`);
  }
  const { stop, start_timed_out_at_ms } = before.facts;
  const isTooLate = stop !== undefined || start_timed_out_at_ms !== undefined || isTerminal(before.status);
  if (after.facts.bound && !before.facts.bound && isTooLate) {
    world.violate('no-late-start', `${label} was bound to a runner while ${before.status}`);
  }
  if (JSON.stringify(before) === JSON.stringify(after)) {
    world.violate('tick-idempotent', `${label} was written without a change`);
  }
}

/** What is stored as evidence is true in the world, and no failed read made it: [no-verdict-from-error], [no-false-alarm]. */
export function checkEvidence(
  world: World,
  platform: PlatformModel,
  run: RunTruth,
  before: Execution | undefined,
  after: Execution,
): void {
  for (const attempt of after.facts.attempts) {
    const known = before?.facts.attempts.find((other) => other.attempt === attempt.attempt);
    if (!known) checkNewAttempt(world, platform, run, after, attempt);
    if (attempt.end && !known?.end) checkPlatformEnd(world, platform, run, attempt);
    if (attempt.rejected && !known?.rejected) checkRejection(world, platform, run, attempt);
    if (attempt.lane_settled && !known?.lane_settled) checkSettled(world, run, attempt);
  }
  if (after.facts.start_timed_out_at_ms !== undefined && before?.facts.start_timed_out_at_ms === undefined) {
    world.reach('start-timed-out');
    const isSeen = after.facts.attempts.some((attempt) => wasSeenLate(run, attempt, ['starting', 'alive']));
    if (!isSeen && !world.isSomebodyUnaware)
      world.violate('no-verdict-from-error', `${run.label}: its start is called too late without a look`);
  }
  const isDoubled = mayHaveCopies(world);
  if (after.facts.conflict && !before?.facts.conflict) {
    if (!isDoubled) world.violate('no-false-alarm', `${run.label}: ${after.facts.conflict.details}`);
    world.reach('second-runner-refused');
  }
}

/** A platform that makes two executions of one start is no honest one: nobody can tell the two apart. */
function mayHaveCopies({ flavour, swarm }: World): boolean {
  return flavour === 'cloud' && 'started-twice' in swarm;
}

/** [tick-idempotent]: no attempt is made while an earlier one lives or may. */
function checkNewAttempt(
  world: World,
  platform: PlatformModel,
  run: RunTruth,
  { facts }: Execution,
  made: Attempt,
): void {
  for (const { attempt } of facts.attempts) {
    if (attempt >= made.attempt || platform.isRuledOut(run.id, attempt)) continue;
    world.violate('tick-idempotent', `attempt ${made.attempt} of ${run.label} is made while ${attempt} may live`);
  }
}

function checkPlatformEnd(world: World, platform: PlatformModel, run: RunTruth, attempt: Attempt): void {
  const own = platform.tasks.filter(({ order }) => order.execution_id === run.id && order.attempt === attempt.attempt);
  const named = own.filter(({ name }) => name === attempt.end?.platform_execution);
  if ((named.length > 0 ? named : own).some((task) => task.isAlive)) {
    world.violate('no-verdict-from-error', `${run.label}: attempt ${attempt.attempt} is stored as ended and lives`);
  }
}

function checkRejection(world: World, platform: PlatformModel, run: RunTruth, attempt: Attempt): void {
  const reason = attempt.rejected?.reason ?? '';
  const proofs: Readonly<Record<string, () => boolean>> = {
    never_started: () => platform.isRuledOut(run.id, attempt.attempt),
    start_timeout: () => wasSeenLate(run, attempt, ['absent']),
  };
  const isProven = proofs[reason];
  const isExcused = reason === 'start_timeout' && world.isSomebodyUnaware;
  if (isProven && !isProven() && !isExcused) {
    world.violate(
      'no-verdict-from-error',
      `${run.label}: attempt ${attempt.attempt} is given up (${reason}) without proof`,
    );
  }
}

/** True when the platform answered so, after the time for the start was over. */
function wasSeenLate(run: RunTruth, attempt: Attempt, states: readonly string[]): boolean {
  const dueMs = startDeadlineMs(run, attempt);
  return run.looks.some(
    (look) => look.attempt === attempt.attempt && look.atMs >= dueMs && states.includes(look.state),
  );
}

/** When a start of which the platform knows nothing may be given up. */
export function startDeadlineMs({ madeMs, stopStoredMs }: RunTruth, { attempt }: Attempt): number {
  const usual = (madeMs.get(attempt) ?? Infinity) + WINDOWS.startMs;
  return stopStoredMs === undefined ? usual : Math.min(usual, stopStoredMs + WINDOWS.stoppedStartMs);
}

function checkSettled(world: World, run: RunTruth, attempt: Attempt): void {
  const endMs = attempt.end?.at_ms ?? Infinity;
  const proofs = run.laneReads.filter(
    (read) => read.attempt === attempt.attempt && (read.final || read.beganMs >= endMs + WINDOWS.settleMs),
  );
  if (proofs.length === 0) {
    world.violate(
      'no-verdict-from-error',
      `${run.label}: the lane of attempt ${attempt.attempt} was never read to its end`,
    );
  }
  const isBound = run.execution?.facts.bound?.attempt === attempt.attempt;
  if (
    isBound &&
    !run.execution?.facts.report &&
    proofs.every(({ sawReport, beganMs }) => sawReport || beganMs >= run.reportReadableMs)
  ) {
    world.violate('report-wins', `${run.label}: its report lay in the lane when the lane was settled`);
  }
}

/** The write that makes a run terminal: [terminal-but-alive], [report-wins], [outbox], [input-destroyed]. */
export function checkEnd(
  world: World,
  platform: PlatformModel,
  run: RunTruth,
  after: Execution,
  writes: readonly Write[],
): void {
  const { label } = run;
  const { bound, report, conflict, attempts } = after.facts;
  for (const task of platform.tasks) {
    if (task.run !== run || task.stage === 'ended') continue;
    const isGivenUp = attempts.some(({ attempt, rejected }) => attempt === task.order.attempt && rejected);
    const isOther = bound !== undefined && bound.attempt !== task.order.attempt;
    // A copy that the platform made by itself is refused at its bootstrap; nothing of it is ever this run.
    const isCopy = mayHaveCopies(world) && !task.isCommandAlive;
    if (task.isCommandAlive || (task.isAlive && !isGivenUp && !isOther && !isCopy)) {
      world.violate('terminal-but-alive', `${label} is ${after.status} while ${task.name} lives`);
    }
  }
  if (report && bound && !conflict) checkVerdict(world, run, after);
  run.isEndTold = writes.some(
    ({ kind, ref }) => kind !== 'delete' && ref.collection === 'outbox' && ref.id === `finished-${run.id}`,
  );
  // Nobody waits for an end that leaves nothing to do.
  const isAllDone = platform.forgetsByItself === true && after.log_proven === true;
  if (isAllDone) world.reach('end-leaves-nothing');
  if (!run.isEndTold && !isAllDone) {
    world.violate('outbox', `${label} ended without an outbox entry in the same transaction`);
  }
  const isDestroyed = writes.some(
    ({ kind, ref }) => kind === 'delete' && ref.collection === 'run-inputs' && ref.id === run.id,
  );
  if (run.hasInput && !isDestroyed) {
    world.violate('input-destroyed', `${label} ended and its input was not destroyed in the same transaction`);
  }
}

function checkVerdict(world: World, run: RunTruth, after: Execution): void {
  const truth = run.report;
  if (!truth) return world.violate('report-wins', `${run.label} has a report that no runner made`);
  const expected = verdictOf(truth, after.facts.stop !== undefined);
  if (after.status !== expected.status || after.exit_code !== expected.exitCode) {
    world.violate('report-wins', `${run.label} reported ${truth.cause} and is ${outcomeText(after)}`);
  }
}

/** Section 5 of the architecture, once more and apart from the code under test. */
function verdictOf(report: FinishedMessage, isStopStored: boolean): { status: ExecutionStatus; exitCode: number } {
  const own = report.signal === 'SIGKILL' ? 137 : report.signal === 'SIGTERM' ? 143 : (report.exit_code ?? 1);
  switch (report.cause) {
    case 'timeout':
      return { status: 'FAILED', exitCode: 124 };
    case 'output_limit':
      return { status: 'FAILED', exitCode: 153 };
    case 'stop':
    case 'terminated':
      return isStopStored ? { status: 'STOPPED', exitCode: 130 } : { status: 'FAILED', exitCode: own === 0 ? 1 : own };
    case 'exited':
      return own === 0 ? { status: 'SUCCEEDED', exitCode: 0 } : { status: 'FAILED', exitCode: own };
  }
}

/** A stored batch is what the runner cut: [line-changed], [foreign-line]. */
export function checkBatch(world: World, run: RunTruth, chunk: LogChunk): void {
  const lines = linesOf(chunk);
  const stranger = lines.find(({ text }) => !text.startsWith(`${run.label} `));
  if (stranger) world.violate('foreign-line', `${run.label} holds "${stranger.text}"`);
  const cut = run.cut.get(chunk.from);
  if (!cut || signedRows(chunk.from, cut.lines) !== signedRows(chunk.from, lines)) {
    world.violate('line-changed', `${run.label}: lines from ${chunk.from} are not those the runner cut`);
  }
}

/** What a runner says is off its hands is stored, or was refused for good: [acked-through]. */
export function checkAcked(world: World, run: RunTruth, ackedThrough: number): void {
  let isHole = false;
  for (const { from } of run.cut.values()) {
    const isThere = run.chunks.has(from) || run.droppedByFastLane.has(from);
    if (isThere && isHole) world.reach('heartbeat-behind-a-hole');
    isHole ||= !isThere;
    if (from > ackedThrough || isThere) continue;
    world.violate('acked-through', `${run.label}: a heartbeat says ${ackedThrough}, and line ${from} is on its way`);
  }
}

/** A proof is true and stays: [hash-wrong], [completeness-fell]. */
export function checkProof(world: World, run: RunTruth, before: Execution | undefined, after: Execution): void {
  const { label } = run;
  if (before?.log_proven && !after.log_proven) world.violate('completeness-fell', `${label}: its proof was taken back`);
  if (before?.end_record && JSON.stringify(before.end_record) !== JSON.stringify(after.end_record)) {
    world.violate('hash-wrong', `${label}: its end record was changed`);
  }
  const stated = after.end_record;
  if (stated && run.report?.sha256 !== stated.sha256)
    world.violate('hash-wrong', `${label}: an end record nobody made`);
  if (!after.log_proven || before?.log_proven) return;
  const chunks = [...run.chunks.values()].toSorted((a, b) => a.from - b.from);
  let next = 1;
  let rows = '';
  for (const chunk of chunks) {
    if (chunk.from !== next) break;
    for (const line of linesOf(chunk)) rows += digestRow(line);
    next = chunk.through + 1;
  }
  const sha256 = createHash('sha256').update(rows).digest('hex');
  if (next - 1 !== stated?.lines || sha256 !== stated.sha256) {
    world.violate('hash-wrong', `${label}: proven with lines 1-${next - 1} of ${stated?.lines}`);
  }
}

function outcomeText({ status, exit_code, reason }: Execution): string {
  return [status, exit_code, reason].filter((part) => part !== undefined).join(' ');
}
