import { isTerminal } from '@runvoy/protocol';
import type { Execution } from '../src/executions/execution.ts';
import { cancelBody } from '../src/executions/execution-body.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import type { World } from './world.ts';

/**
 * [stop-confirmed] at every write: a stop that was stored stays, whatever else is written; a run that waits for a slot is over with it; and
 * an end after it is a confirmed stop, or the command's own. That it comes in time is [not-terminal-in-bound].
 */
export function checkStop(
  world: World,
  platform: PlatformModel,
  run: RunTruth,
  before: Execution | undefined,
  after: Execution,
): void {
  const { stop, attempts } = after.facts;
  const was = before?.facts.stop;
  if (was && was.requested_at_ms !== stop?.requested_at_ms) {
    return world.violate('stop-confirmed', `the stop of ${run.label} was stored and is gone`);
  }
  if (!stop) return;
  if (attempts.length === 0 && after.status !== 'STOPPED') {
    return world.violate('stop-confirmed', `${run.label} waits for a slot, was stopped and is ${after.status}`);
  }
  if (!isTerminal(after.status) || (before && isTerminal(before.status))) return;
  const isConfirmed = cancelBody(after)?.confirmed !== undefined;
  const isStopped = after.status === 'STOPPED';
  if (isConfirmed !== isStopped) {
    world.violate('stop-confirmed', `${run.label} is ${after.status}, its stop ${isConfirmed ? '' : 'not '}confirmed`);
  }
  if (!isStopped && !endedByItself(platform, run, after)) {
    world.violate('stop-confirmed', `${run.label} was stopped, did not end by itself and is ${after.status}`);
  }
}

/** The command's runner reported an end that no stop made, or command and runner were gone without anybody's cancel. */
function endedByItself(platform: PlatformModel, run: RunTruth, { facts }: Execution): boolean {
  if (facts.conflict) return true;
  if (facts.report) return run.report !== undefined && !['stop', 'terminated'].includes(run.report.cause);
  return platform.tasks.some(
    ({ run: owner, order, isCancelled, exit }) =>
      owner === run && order.attempt === facts.bound?.attempt && (!isCancelled || exit?.kind === 'exited'),
  );
}
