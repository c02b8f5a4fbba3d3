import { isTerminal } from '@runvoy/protocol';
import type { PlatformView } from '../jobs/job-runner.ts';
import type { Attempt, Execution } from './execution.ts';
import { isSilent, type SilenceDeps } from './silence.ts';
import { stopInForce } from './stop-in-force.ts';

/** A runner that is still there this long after its report is cancelled. */
const LINGERS_MS = 30_000;

/** True when what the platform shows as alive should not be, or not any longer. Asked at every look, so a lost cancel is sent again. */
export async function isCancelDue(
  deps: SilenceDeps,
  execution: Execution,
  attempt: Attempt,
  view: Extract<PlatformView, { state: 'starting' | 'alive' }>,
): Promise<boolean> {
  const { bound, report, conflict, start_timed_out_at_ms } = execution.facts;
  const now = deps.clock.now();
  if (isTerminal(execution.status) || conflict || start_timed_out_at_ms !== undefined) return true;
  const stop = stopInForce(execution.facts);
  if (stop && now >= stop.cancel_at_ms) return true;
  if (bound && bound.attempt !== attempt.attempt) return true;
  if (report && now >= report.stored_at_ms + LINGERS_MS) return true;
  if (view.state !== 'alive' || !bound) return false;
  return view.unwatched || (await isSilent(deps, execution));
}
