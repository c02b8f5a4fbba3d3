import { isTerminal, type ExecutionStatus } from '@runvoy/protocol';
import type { Execution } from '../../src/executions/execution.ts';
import type { LifeState } from './life-state.ts';

// What must hold at every step, told from the truth of the model's world by tables of their own: nothing of the decisions under test
// is used here.

interface Step {
  readonly before: LifeState;
  readonly after: LifeState;
  readonly was: Execution | undefined;
  readonly is: Execution | undefined;
}

interface Outcome {
  readonly status: ExecutionStatus;
  readonly code: number;
}

const RANK: Record<ExecutionStatus, number> = {
  STARTING: 0,
  RUNNING: 1,
  TERMINATING: 2,
  SUCCEEDED: 3,
  FAILED: 3,
  STOPPED: 3,
};

/** The names of the invariants that a step breaks. */
export function brokenBy(step: Step): string[] {
  const { is, was } = step;
  if (!is) return [];
  return [
    ...broken('terminal-changed', was !== undefined && isTerminal(was.status) && outcomeText(was) !== outcomeText(is)),
    ...broken('status-backwards', was !== undefined && RANK[is.status] < RANK[was.status]),
    ...broken('terminal-but-alive', isTerminal(is.status) && isAnythingAlive(step.after, is)),
    ...broken('unasked-stop', ['TERMINATING', 'STOPPED'].includes(is.status) && !is.facts.stop),
    ...broken('one-runner', step.after.handed.length > 1),
    ...broken('ran-twice', step.after.ran > 1),
    ...broken('no-late-start', isHandedNow(step) && (was?.facts.stop !== undefined || isTerminal(was!.status))),
    ...broken('no-false-alarm', is.facts.conflict !== undefined),
    ...broken('no-verdict-from-error', hasUntrueEnd(step.after, is)),
    ...broken('report-wins', isTerminal(is.status) && !isTrue(step.after, is)),
  ];
}

const broken = (invariant: string, isBroken: boolean): string[] => (isBroken ? [invariant] : []);

export const outcomeText = ({ status, exit_code, reason }: Execution): string =>
  `${status} ${exit_code} ${reason ?? ''}`;

/** A command lives. */
export function hasCommand({ lives }: LifeState): boolean {
  return lives.some(({ stage }) => stage === 'runs' || stage === 'orphan');
}

/** A command lives, or the runner that had it, or is about to ask for it again. */
function isAnythingAlive(state: LifeState, { facts }: Execution): boolean {
  const stage = facts.bound && state.lives[facts.bound.attempt - 1]?.stage;
  return hasCommand(state) || stage === 'done' || stage === 'up';
}

function isHandedNow({ before, after }: Step): boolean {
  return after.handed.length > before.handed.length || after.ran > before.ran;
}

/** An attempt is stored as ended of which something lives. */
function hasUntrueEnd({ lives }: LifeState, { facts }: Execution): boolean {
  return facts.attempts.some(({ attempt, end }) => end !== undefined && lives[attempt - 1]?.stage !== 'ended');
}

/** Whether a terminal state says what happened. */
function isTrue(state: LifeState, { facts, status, exit_code }: Execution): boolean {
  const { truth, safe } = state;
  const said: Outcome = { status, code: exit_code ?? -1 };
  const isStopped = facts.stop !== undefined;
  // A report that was made is found: the safety lane loses none.
  if (!facts.report && safe !== '' && facts.bound) return false;
  switch (truth) {
    case 'ok':
      return agrees(said, { status: 'SUCCEEDED', code: 0 });
    case 'err':
      return agrees(said, { status: 'FAILED', code: 3 });
    case 'timeout':
      return agrees(said, { status: 'FAILED', code: 124 });
    case 'stopped':
      // Somebody asked for it, or a look ended what nobody heard of.
      return isStopped ? agrees(said, { status: 'STOPPED', code: 130 }) : said.status === 'FAILED' && said.code !== 0;
    default:
      return isPlatformsWord(state, facts, status);
  }
}

/** Nobody saw an end: a run that never had its command was stopped in time, of another one the platform says whether a cancel ended it. */
function isPlatformsWord({ lives }: LifeState, facts: Execution['facts'], status: ExecutionStatus): boolean {
  if (!facts.stop) return status === 'FAILED';
  if (!facts.bound) return status === 'STOPPED';
  const mayBeStopped = lives.some(({ end }) => end === 'cancelled') || wasTold(facts);
  return status === 'FAILED' || (mayBeStopped && status === 'STOPPED');
}

/** A runner that lost its first answer asked again after the stop. */
function wasTold({ attempts }: Execution['facts']): boolean {
  return attempts.some(({ told_to_stop }) => told_to_stop);
}

const agrees = (a: Outcome, b: Outcome): boolean => a.status === b.status && a.code === b.code;

/** What of a history's truth its state has to show, once all of it is over. */
export function truthShown({ truth }: LifeState, stop: boolean): string | undefined {
  if (truth === 'ok' || truth === 'err' || truth === 'timeout') return truth;
  return truth === 'stopped' && stop ? 'stopped' : undefined;
}
