import type { Attempt, Haste } from '../src/executions/execution.ts';
import { startDeadlineMs } from './invariants.ts';
import type { PlatformModel } from './platform.ts';
import type { RunTruth } from './run-truth.ts';
import { WINDOWS } from './windows.ts';
import type { World } from './world.ts';

/**
 * [not-terminal-in-bound]: a run has a final state soon after nothing of it lives any more, one whose start hangs is given up, and one
 * that was stopped is gone. Counted from the end of the faults, `healingMs`, and from the moment when it could be known.
 */
export function checkBound(world: World, platform: PlatformModel, run: RunTruth, healingMs: number): void {
  const { attempts, bound, stop, haste } = run.execution!.facts;
  // Nothing of it is anywhere; the queue is watched by itself.
  if (attempts.length === 0) return;
  const quietMs = platform.quietSinceMs(run);
  // Of a start that the platform does not know, it can be said only after a while that nothing came of it.
  const isUnknown = ({ attempt }: Attempt) =>
    !platform.tasks.some(({ order }) => order.execution_id === run.id && order.attempt === attempt);
  const unknown = world.flavour === 'cloud' ? attempts.filter(isUnknown) : [];
  let earliestMs = Math.max(
    healingMs,
    run.madeMs.get(attempts.at(-1)!.attempt)!,
    ...unknown.map((a) => startDeadlineMs(run, a)),
  );
  // Where the clock has jumped, the whole time counts from when that was noticed.
  if (world.hasClockJumped) earliestMs = Math.max(earliestMs, world.jumpNoticedMs + WINDOWS.startMs);
  if (quietMs !== undefined && world.nowMs > Math.max(earliestMs, quietMs) + WINDOWS.terminalMs) {
    const since = Math.round((world.nowMs - Math.max(quietMs, earliestMs)) / 1000);
    world.violate(
      'not-terminal-in-bound',
      `${run.label} is ${run.execution!.status} ${since} s after all of it was over`,
    );
  }
  if (quietMs !== undefined) return;
  if (!stop && !bound && world.nowMs > earliestMs + WINDOWS.startMs + 2 * WINDOWS.tickMs + WINDOWS.terminalMs) {
    world.violate('not-terminal-in-bound', `the start of ${run.label} hangs and is not given up`);
  }
  if (!stop) return;
  const killMs = ({ grace_ms }: Haste, askedMs: number) => askedMs + grace_ms;
  const graceMs = Math.min(stop.grace_ms, haste?.grace_ms ?? Infinity);
  const killedMs = Math.min(killMs(stop, run.stopStoredMs!), haste ? killMs(haste, run.hasteStoredMs!) : Infinity);
  const stoppedMs = Math.max(earliestMs, killedMs) + WINDOWS.tickMs + graceMs;
  if (world.nowMs > stoppedMs + WINDOWS.terminalMs) {
    world.violate('not-terminal-in-bound', `${run.label} was stopped and something of it still lives`);
  }
}
