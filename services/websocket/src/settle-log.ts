import {
  assessLog,
  isLogSettled,
  SETTLE_MS,
  type Clock,
  type Execution,
  type LogAssessment,
  type LogStore,
} from '@runvoy/core';
import type { Logger } from '@runvoy/runtime';

/** How long the one who finishes the run is given to prove its log before a viewer's instance does it itself. */
export const PROOF_PATIENCE_MS = 2_000;
const RETRY_MS = 1_000;

interface SettlingDeps extends LogStore {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Waits until nothing more is to be expected of a terminal run's log, and says what is known of it: at once when it is proven, otherwise
 * when the settle window is over. `latest` is the execution as it is now; `proven` aborts when it comes to say that its log is proven.
 * Undefined when `closing` came first.
 */
export async function settleLog(
  deps: SettlingDeps,
  latest: () => Execution,
  { proven, closing }: { readonly proven: AbortSignal; readonly closing: AbortSignal },
): Promise<LogAssessment | undefined> {
  const { clock, logger } = deps;
  const wake = AbortSignal.any([proven, closing]);
  if (mayStillBeProven(latest(), clock.now())) await clock.sleep(PROOF_PATIENCE_MS, wake);
  while (!closing.aborted) {
    const execution = latest();
    // Asked before the lines are read: what arrives during the reading may then still count.
    const isSettled = isLogSettled(execution, clock.now());
    try {
      const assessment = await assessLog(deps, execution);
      if (isSettled || assessment.completeness === 'complete') return assessment;
      const settledAt = (execution.completed_at_ms ?? clock.now()) + SETTLE_MS;
      // Not longer than the whole window: a clock that was behind may be right again long before.
      await clock.sleep(Math.min(SETTLE_MS, Math.max(RETRY_MS, settledAt - clock.now())), wake);
    } catch (error) {
      logger.warn('Could not assess a log; trying again', { execution_id: execution.execution_id, error });
      await clock.sleep(RETRY_MS, closing);
    }
  }
  return undefined;
}

/** A run that never had a runner has no log to wait for. */
function mayStillBeProven(execution: Execution, nowMs: number): boolean {
  return execution.facts.bound !== undefined && !isLogSettled(execution, nowMs);
}
