import { isTerminal } from '@runvoy/protocol';
import type { PlatformView } from '../jobs/job-runner.ts';
import type { Millis } from '../time/clock.ts';
import type { Attempt, Execution, Facts } from './execution.ts';
import { isSilent, type SilenceDeps } from './silence.ts';
import { elapsedSince, isInFuture } from '../time/elapsed.ts';
import { stopInForce } from './stop-in-force.ts';

/** A runner that is still there this long after its report is cancelled. */
export const LINGERS_MS = 30_000;

/** Why something that lives should not, or not any longer. */
export type CancelCause =
  'over' | 'conflict' | 'start_timeout' | 'stop' | 'superseded' | 'lingers' | 'unwatched' | 'silent';

/**
 * Why what the platform shows as alive should not be, or not any longer; undefined when it may. Asked at every look, so a lost cancel
 * is sent again.
 */
export async function cancelDue(
  deps: SilenceDeps,
  execution: Execution,
  attempt: Attempt,
  view: Extract<PlatformView, { state: 'starting' | 'alive' }>,
): Promise<CancelCause | undefined> {
  const { bound, report, conflict, start_timed_out_at_ms } = execution.facts;
  if (isTerminal(execution.status)) return 'over';
  if (conflict) return 'conflict';
  if (start_timed_out_at_ms !== undefined) return 'start_timeout';
  if (isStopDue(execution.facts, deps.clock.now())) return 'stop';
  if (bound && bound.attempt !== attempt.attempt) return 'superseded';
  if (report && elapsedSince(deps, report.stored_at_ms) >= LINGERS_MS) return 'lingers';
  if (view.state !== 'alive' || !bound) return undefined;
  if (view.unwatched) return 'unwatched';
  return (await isSilent(deps, execution)) ? 'silent' : undefined;
}

/** The stop's own time has come; or the clock has been set back since it was stored, and nobody waits until it has caught up. */
function isStopDue(facts: Facts, nowMs: Millis): boolean {
  const stop = stopInForce(facts);
  if (!stop || !facts.stop) return false;
  return nowMs >= stop.cancel_at_ms || isInFuture(facts.stop.requested_at_ms, nowMs);
}
