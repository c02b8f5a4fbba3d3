import { isTerminal, type NextBody } from '@runvoy/protocol';
import { SETTLE_MS } from '../logs/assess-log.ts';
import type { Millis } from '../time/clock.ts';
import { LINGERS_MS } from './cancel-due.ts';
import { isLogSettled } from './finish-execution.ts';
import type { Execution } from './execution.ts';
import { STOPPED_START_DEADLINE_MS } from './judge-absence.ts';
import { deadlineOf, lastSign } from './record-heartbeat.ts';
import { SILENCE_MS } from './silence.ts';
import type { StartTimeout } from './start-timeout.ts';
import { stopInForce } from './stop-in-force.ts';

/** Who looks after a run, and when. */
export interface Due {
  readonly who: NextBody['who'];
  readonly atMs: Millis;
  readonly text: string;
}

/** What is known of the server's own rounds. */
export interface Rounds extends Partial<StartTimeout> {
  /** When the server goes round its unfinished runs next. */
  readonly nextLookMs: Millis;
}

/** What comes next in a run's life by itself, soonest first. */
export function tellNext(execution: Execution, nowMs: Millis, { nextLookMs, startTimeoutMs }: Rounds): readonly Due[] {
  if (isTerminal(execution.status)) return afterEnd(execution, nowMs);
  const look: Due = {
    who: 'server',
    atMs: nextLookMs,
    text: execution.waiting
      ? 'The server goes through its queue by then, and at once whenever another run ends.'
      : 'The server looks at this run again by then, or sooner when the platform tells of a change.',
  };
  // What should have come by now the look above sees to.
  const due = deadlines(execution, nowMs, startTimeoutMs).filter(({ atMs }) => atMs > nowMs);
  return [look, ...due].toSorted((a, b) => a.atMs - b.atMs);
}

function afterEnd(execution: Execution, nowMs: Millis): readonly Due[] {
  const { completed_at_ms, facts } = execution;
  // Who never had the command has no lines.
  if (completed_at_ms === undefined || !facts.bound || isLogSettled(execution, nowMs)) return [];
  const text = 'Lines that are still on their way are waited for until then. The status does not change any more.';
  return [{ who: 'server', atMs: completed_at_ms + SETTLE_MS, text }];
}

function deadlines(execution: Execution, nowMs: Millis, startTimeoutMs: Millis | undefined): readonly Due[] {
  const { bound, report, attempts } = execution.facts;
  if (execution.waiting) return queueDeadline(execution);
  const ended = attempts.find(({ end, rejected }) => end && !rejected);
  if (ended?.end) {
    const text = 'Until then the report of its runner is waited for. The first look after that settles how it ended.';
    return [{ who: 'server', atMs: ended.end.at_ms + SETTLE_MS, text }];
  }
  if (report) {
    const text = 'Should something of it still be alive by then, the next look has it ended.';
    return [{ who: 'server', atMs: report.stored_at_ms + LINGERS_MS, text }];
  }
  const own = bound ? runDeadlines(execution, nowMs) : startDeadline(execution, startTimeoutMs);
  return [...stopDeadlines(execution), ...own];
}

function queueDeadline({ queued }: Execution): readonly Due[] {
  if (!queued) return [];
  const text = 'Should its turn not have come by then, it leaves the queue and has failed.';
  return [{ who: 'server', atMs: queued.until_ms, text }];
}

function stopDeadlines({ facts }: Execution): readonly Due[] {
  const stop = stopInForce(facts);
  if (!stop) return [];
  const text = 'From then on every look tells the platform to end it, until nothing of it is alive.';
  const cancels: Due = { who: 'server', atMs: stop.cancel_at_ms, text };
  if (stop.confirm_by_ms === undefined) return [cancels];
  const overdue =
    'Should its end not be confirmed by then, something is wrong with the platform: the stop counts as overdue.';
  return [cancels, { who: 'server', atMs: stop.confirm_by_ms, text: overdue }];
}

function runDeadlines(execution: Execution, nowMs: Millis): readonly Due[] {
  return [
    {
      who: 'server',
      atMs: lastSign(execution, nowMs) + SILENCE_MS,
      text: 'Should neither a line nor a sign of life have come by then, the next look has it ended: its runner counts as lost.',
    },
    { who: 'runner', atMs: deadlineOf(execution), text: 'The time limit of the command: its runner ends it then.' },
  ];
}

function startDeadline({ facts }: Execution, startTimeoutMs: Millis | undefined): readonly Due[] {
  const { attempts, stop, start_timed_out_at_ms } = facts;
  const last = attempts.at(-1);
  if (!last || start_timed_out_at_ms !== undefined) return [];
  if (stop) {
    const text = 'Should the platform know nothing of it when it is asked after that, nothing was started.';
    return [{ who: 'server', atMs: stop.requested_at_ms + STOPPED_START_DEADLINE_MS, text }];
  }
  if (startTimeoutMs === undefined) return [];
  const text =
    'Should its runner not have asked for the command by then, the start is given up, and whatever is there of it is ended.';
  return [{ who: 'server', atMs: last.made_at_ms + startTimeoutMs, text }];
}
