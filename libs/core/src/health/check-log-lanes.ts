import type { HealthIssue, LogLanesStatus } from '@runvoy/protocol';
import { rfc3339 } from '../executions/execution-body.ts';
import type { Execution } from '../executions/execution.ts';
import { chunksBackwards, linesOf } from '../logs/log-chunk.ts';
import type { Records } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings, KnownThings } from './health-probe.ts';
import type { LaneMeasure } from './schedule-marks.ts';

const SLOW_MS = 60_000;
/** Of so many running runs, the newest, one batch each is read. */
const RUNS_MEASURED = 10;

export const NO_LANES: LogLanesStatus = {
  fast: { runs_measured: 0, lag_ms: null },
  safety: { measured_at: null, lag_ms: null },
};

/**
 * How long lines take to the store, from what is stored anyway. The fast lane by the newest batch of each running run: its last line
 * has the runner's time, the batch ours, so two clocks that differ are part of the number. The safety lane by the newest line of it
 * that a process which ticks has stored.
 */
export async function checkLogLanes(
  records: Records,
  { unfinished }: KnownThings,
  safety: LaneMeasure | undefined,
): Promise<Findings<LogLanesStatus>> {
  const running = unfinished.filter(({ status }) => status === 'RUNNING').slice(-RUNS_MEASURED);
  const lags: Millis[] = [];
  for (const run of running) {
    const lag = await storingTook(records, run);
    if (lag !== undefined) lags.push(lag);
  }
  const fast = lags.length === 0 ? null : Math.max(...lags);
  const issues: HealthIssue[] = [];
  const seconds = (ms: Millis) => `The newest took ${Math.round(ms / 1000)} s.`;
  if (fast !== null && fast > SLOW_MS) issues.push(healthIssue('lane_slow', 'fast', seconds(fast)));
  if (safety && safety.lag_ms > SLOW_MS) issues.push(healthIssue('lane_slow', 'safety', seconds(safety.lag_ms)));
  return {
    status: {
      fast: { runs_measured: lags.length, lag_ms: fast },
      safety: safety ? { measured_at: rfc3339(safety.at_ms), lag_ms: safety.lag_ms } : NO_LANES.safety,
    },
    issues,
    unchecked: [],
  };
}

async function storingTook(
  records: Records,
  { execution_id }: Pick<Execution, 'execution_id'>,
): Promise<Millis | undefined> {
  const { records: newest } = await records.page(chunksBackwards, { equal: { execution_id }, limit: 1 });
  const chunk = newest[0]?.value;
  const line = chunk && linesOf(chunk).at(-1);
  return line && Math.max(0, chunk.stored_at_ms - line.ms);
}
