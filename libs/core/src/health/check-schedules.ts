import type { HealthIssue, TicksStatus, Unchecked } from '@runvoy/protocol';
import { rfc3339 } from '../executions/execution-body.ts';
import type { Millis } from '../time/clock.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings } from './health-probe.ts';
import type { TickMark } from './schedule-marks.ts';
import type { SweepProgress } from './sweep-progress.ts';

const TICK_LATE_MS = 180_000;
const SWEEP_MARGIN_MS = 600_000;

export const NO_TICKS: TicksStatus = {
  last_tick_at: null,
  tick_age_seconds: null,
  last_sweep_at: null,
  sweep_age_seconds: null,
};

/** Whether the scheduler still comes. A reconcile that never came may not be due yet; the minute tick always is. */
export function checkSchedules(
  {
    tick,
    sweep,
    everyMs,
  }: { readonly tick: TickMark | undefined; readonly sweep: SweepProgress; readonly everyMs: Millis | undefined },
  nowMs: Millis,
): Findings<TicksStatus> {
  const tickAge = ageOf(tick?.at_ms, nowMs);
  const sweepAge = ageOf(sweep.at_ms, nowMs);
  const issues: HealthIssue[] = [];
  if (tickAge === undefined) issues.push(healthIssue('tick_late', 'tick', 'None has ever come.'));
  else if (tickAge > TICK_LATE_MS) issues.push(healthIssue('tick_late', 'tick', `The last came ${ago(tickAge)}.`));
  if (sweepAge !== undefined && everyMs !== undefined && sweepAge > everyMs + SWEEP_MARGIN_MS) {
    issues.push(healthIssue('sweep_late', 'sweep', `The one before came ${ago(sweepAge)}.`));
  }
  const why = 'RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE is not of the forms whose longest pause is known.';
  const unchecked: Unchecked[] =
    everyMs === undefined ? [{ what: 'whether the scheduled reconcile is late', why }] : [];
  return {
    status: {
      last_tick_at: timeOf(tick?.at_ms),
      tick_age_seconds: secondsOf(tickAge),
      last_sweep_at: timeOf(sweep.at_ms),
      sweep_age_seconds: secondsOf(sweepAge),
    },
    issues,
    unchecked,
  };
}

/** A clock that was set back makes nothing younger than now. */
function ageOf(atMs: Millis | undefined, nowMs: Millis): Millis | undefined {
  return atMs === undefined ? undefined : Math.max(0, nowMs - atMs);
}

const timeOf = (atMs: Millis | undefined) => (atMs === undefined ? null : rfc3339(atMs));
const secondsOf = (ms: Millis | undefined) => (ms === undefined ? null : Math.round(ms / 1000));
const ago = (ms: Millis) => `${Math.round(ms / 60_000)} min ago`;
