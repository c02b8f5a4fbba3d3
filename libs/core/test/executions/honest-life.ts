import fc from 'fast-check';
import type { Evidence } from '../../src/executions/evidence.ts';
import type { Execution, Report } from '../../src/executions/execution.ts';
import {
  attemptMade,
  bootstrapped,
  finished,
  hastened,
  laneSettled,
  platformEnded,
  queued,
  queueTimedOut,
  starting,
  stopRequested,
} from './facts.ts';

/** One piece of evidence, and which others (by their names) the world always stores before it. */
export interface Told {
  readonly name: string;
  readonly evidence: Evidence;
  readonly needs: readonly string[];
}

/** Everything that one real life of a run leaves behind. */
export interface Life {
  /** What happened, for whoever reads a counterexample. */
  readonly story: string;
  /** As it was stored first. */
  readonly stored: Execution;
  readonly told: readonly Told[];
}

/** What the people, the command and the machines of one life do. */
interface Plot {
  /** Whether it had to wait for a slot first, and what became of that. */
  readonly queue: 'none' | 'admitted' | 'admitted late' | 'timed out' | 'stopped';
  /** How many starts were lost before one came through. */
  readonly lostStarts: number;
  /** A start that was taken for lost comes through after all, and asks too late. */
  readonly ghost: boolean;
  readonly start: 'answered' | 'unknown' | 'rejected';
  readonly runner: 'bootstraps' | 'dies first' | 'too late';
  readonly stop: 'none' | 'before bootstrap' | 'while running' | 'after the end';
  readonly command: 'ends 0' | 'ends 3' | 'is killed' | 'times out' | 'floods' | 'ends in spite of the stop';
  /** Somebody asks for a stop to take less time; twice, once in a greater hurry. */
  readonly haste: boolean;
  readonly terminated: boolean;
  readonly reportLost: boolean;
  readonly platform: 'exited' | 'cancelled' | 'out_of_memory';
}

const plot: fc.Arbitrary<Plot> = fc.record({
  queue: fc.constantFrom('none', 'none', 'admitted', 'admitted late', 'timed out', 'stopped'),
  lostStarts: fc.integer({ min: 0, max: 2 }),
  ghost: fc.boolean(),
  start: fc.constantFrom('answered', 'answered', 'unknown', 'rejected'),
  runner: fc.constantFrom('bootstraps', 'bootstraps', 'bootstraps', 'dies first', 'too late'),
  stop: fc.constantFrom('none', 'before bootstrap', 'while running', 'after the end'),
  command: fc.constantFrom('ends 0', 'ends 3', 'is killed', 'times out', 'floods', 'ends in spite of the stop'),
  haste: fc.boolean(),
  terminated: fc.boolean(),
  reportLost: fc.boolean(),
  platform: fc.constantFrom('exited', 'cancelled', 'out_of_memory'),
});

/** Honest lives: nobody forges, machines may fail, messages may be lost. */
export const honestLife: fc.Arbitrary<Life> = plot.map((chosen) => ({
  story: JSON.stringify(chosen),
  stored: chosen.queue === 'none' ? starting : queued,
  told: tell(chosen),
}));

function tell(chosen: Plot): readonly Told[] {
  const told: Told[] = [];
  if (chosen.queue === 'timed out' || chosen.queue === 'stopped') {
    // Whichever transaction comes first is the whole life: there is no attempt of which anything could be told.
    const evidence = chosen.queue === 'stopped' ? stopRequested : queueTimedOut;
    return [{ name: chosen.queue, evidence, needs: [] }];
  }
  const isQueued = chosen.queue !== 'none';
  // Nothing can be known of an attempt before it is made.
  const say = (name: string, evidence: Evidence, ...needs: string[]) =>
    told.push({ name, evidence, needs: isQueued && name !== 'made 1' ? [...needs, 'made 1'] : needs });
  if (isQueued) say('made 1', attemptMade(1));
  // A tick had read that it waits, and comes after who admitted it.
  if (chosen.queue === 'admitted late') say('timed out too late', queueTimedOut);
  const last = 1 + chosen.lostStarts;
  // Attempts are made one after the other, each in a transaction of its own.
  for (let attempt = 2; attempt <= last; attempt += 1) {
    say(`made ${attempt}`, attemptMade(attempt, attempt - 1), ...(attempt > 2 ? [`made ${attempt - 1}`] : []));
  }
  const made = last > 1 ? [`made ${last}`] : [];
  if (chosen.start === 'rejected') tellRejection(chosen, say, last, made);
  else if (chosen.runner === 'dies first') tellDeathBeforeBootstrap(chosen, say, last, made);
  else if (chosen.runner === 'too late') tellLateStart(chosen, say, last, made);
  else if (chosen.stop === 'before bootstrap') tellStopBeforeBootstrap(chosen, say, last, made);
  else tellRun(chosen, say, last, made);
  return told;
}

type Say = (name: string, evidence: Evidence, ...needs: string[]) => unknown;

const answered = (attempt: number): Evidence => ({
  kind: 'platform_named',
  attempt,
  platform_execution: `platform/${attempt}`,
});

// A stop is stored only while the run is unfinished: where it is stored, it is stored before what would have ended the run without it.

function tellRejection({ stop }: Plot, say: Say, last: number, made: readonly string[]): void {
  if (stop !== 'none') say('stop', stopRequested, ...made);
  const needs = stop === 'none' ? made : ['stop'];
  say('rejected', { kind: 'start_rejected', attempt: last, reason: 'quota', details: 'no more' }, ...needs);
}

function tellDeathBeforeBootstrap(
  { start, stop, platform }: Plot,
  say: Say,
  last: number,
  made: readonly string[],
): void {
  if (start === 'answered') say('answered', answered(last), ...made);
  if (stop !== 'none') say('stop', stopRequested, ...made);
  say('ended', platformEnded(endOf(platform), last), ...made);
  say('settled', laneSettled(last), 'ended', ...(stop === 'none' ? [] : ['stop']));
}

/** A look finds it after its time; what asks for the command then is told to stop. */
function tellLateStart({ start, stop, platform }: Plot, say: Say, last: number, made: readonly string[]): void {
  if (start === 'answered') say('answered', answered(last), ...made);
  if (stop !== 'none') say('stop', stopRequested, ...made);
  say('too late', { kind: 'start_timed_out', at_ms: 4_500 }, ...made);
  say('ended', platformEnded(endOf(platform), last), ...made, ...(stop === 'none' ? [] : ['stop']));
  say('settled', laneSettled(last), 'ended', 'too late', ...(stop === 'none' ? [] : ['stop']));
}

function tellStopBeforeBootstrap({ start, platform }: Plot, say: Say, last: number, made: readonly string[]): void {
  say('stop', stopRequested, ...made);
  if (start === 'answered') say('answered', answered(last), ...made);
  say('told to stop', { kind: 'told_to_stop', attempt: last }, 'stop');
  say('ended', platformEnded(endOf(platform), last), ...made);
}

function tellRun(chosen: Plot, say: Say, last: number, made: readonly string[]): void {
  const { start, stop, ghost, platform } = chosen;
  if (start === 'answered') say('answered', answered(last), ...made);
  say('bootstrapped', bootstrapped(last), ...made);
  if (ghost && last > 1) {
    // Refused at its bootstrap, it ends; an end that was seen before the binding is about an attempt that is dropped by it.
    say('ghost answered', answered(1), 'made 2');
    say('ghost ended', platformEnded({ kind: 'cancelled' }, 1), 'bootstrapped');
  }
  const isStopped = stop === 'while running' || stop === 'before bootstrap';
  if (stop !== 'none') say('stop', stopRequested, 'bootstrapped');
  const report = reportOf(chosen, isStopped);
  const isConsequence = report.cause === 'stop' || (report.cause === 'terminated' && isStopped);
  if (isStopped && chosen.haste) {
    // Without the stop before them: what they say must not depend on it.
    say('hastened', hastened(5_000));
    say('hastened more', hastened(0));
  }
  if (isStopped) {
    say('signalled', { kind: 'stop_progress', signalled_at_ms: 3_100 }, 'stop');
    say('killed', { kind: 'stop_progress', signalled_at_ms: 3_100, killed_at_ms: 3_900 }, 'signalled');
  }
  // With a stop on its way the platform's signal is that of the stop.
  const ended = platformEnded(endOf(platform), last);
  if (chosen.reportLost) {
    say('ended', ended, ...made);
    say('settled', laneSettled(last), 'ended', 'bootstrapped', ...(stop === 'none' ? [] : ['stop']));
    return;
  }
  const afterTerminated = stop !== 'none' && report.cause === 'terminated';
  say('finished', finished(report, last), 'bootstrapped', ...(isConsequence || afterTerminated ? ['stop'] : []));
  say('ended', ended, ...made);
}

function reportOf({ command, terminated }: Plot, isStopped: boolean): Partial<Report> {
  if (isStopped && command !== 'ends in spite of the stop') {
    return { cause: terminated ? 'terminated' : 'stop', signal: 'SIGTERM' };
  }
  if (terminated) return { cause: 'terminated', signal: 'SIGTERM' };
  switch (command) {
    case 'ends 3':
      return { cause: 'exited', exit_code: 3 };
    case 'is killed':
      return { cause: 'exited', signal: 'SIGKILL' };
    case 'times out':
      return { cause: 'timeout', signal: 'SIGKILL' };
    case 'floods':
      return { cause: 'output_limit', signal: 'SIGTERM' };
    default:
      return { cause: 'exited', exit_code: 0 };
  }
}

function endOf(platform: Plot['platform']) {
  return platform === 'out_of_memory' ? { reason: platform } : { kind: platform };
}

/**
 * An order in which the evidence of a life can be stored, as one transaction must come before another, with repetitions.
 * `choices` decides, each time, which piece that is due comes next; every `repeats`-th time something told before is told again.
 */
export function inSomeOrder(life: Life, choices: readonly number[], repeats: number): readonly Evidence[] {
  const waiting = [...life.told];
  const stored: Told[] = [];
  const order: Evidence[] = [];
  for (let step = 0; waiting.length > 0; step += 1) {
    const choice = choices[step % choices.length] ?? 0;
    const due = waiting.filter(({ needs }) => needs.every((name) => stored.some((known) => known.name === name)));
    const next = due[choice % due.length]!;
    waiting.splice(waiting.indexOf(next), 1);
    stored.push(next);
    order.push(next.evidence);
    if (repeats > 0 && step % repeats === 0) order.push(stored[choice % stored.length]!.evidence);
  }
  return order;
}
