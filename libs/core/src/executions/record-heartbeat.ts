import { isTerminal, type HeartbeatMessage, type StopOrder } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { isInFuture } from '../time/elapsed.ts';
import { advance } from './advance.ts';
import { executionRef, type Execution } from './execution.ts';
import { progressEvidence } from './record-finished.ts';
import { noteHoldUp } from './note-wait.ts';
import { stopInForce } from './stop-in-force.ts';
import { replaceExecution, requireExecution, storeExecution } from './store-execution.ts';

/** A silent run's sign of life is written at most this often. */
const SEEN_EVERY_MS = 60_000;

/**
 * Takes a sign of life: one read, and a write only when the run was silent for a minute, a stop has come further, or the
 * command is held up by something else than before.
 * Fails with `EXECUTION_NOT_FOUND`.
 */
export async function recordHeartbeat(
  { records, clock }: { records: Records; clock: Clock },
  executionId: string,
  message: HeartbeatMessage,
): Promise<Execution> {
  const stored = await records.get(executionRef(executionId));
  if (!stored) throw new Failure('EXECUTION_NOT_FOUND', executionId);
  const known = stored.value;
  const heard = withSign(known, message, clock.now());
  if (heard === known || (await replaceExecution({ records }, stored, heard))) return heard;
  // It has changed since, maybe by the same beat.
  return records.transact(async (tx) => {
    const before = await requireExecution(tx, executionId);
    const after = withSign(before, message, clock.now());
    await storeExecution(tx, before, after, clock.now());
    return after;
  });
}

/** The execution with what the beat tells; the same object when that is nothing new. */
function withSign(execution: Execution, message: HeartbeatMessage, nowMs: Millis): Execution {
  const { stop_progress, preparing, output_wait } = message;
  const told = noteHoldUp(progressEvidence(stop_progress).reduce(advance, execution), preparing ?? output_wait, nowMs);
  const isOld = nowMs - lastSign(told, nowMs) >= SEEN_EVERY_MS;
  return isOld && !isTerminal(told.status) ? { ...told, seen_at_ms: nowMs } : told;
}

/**
 * When the run was last known to live, as far as its own record says; stored chunks may say later. A sign from the future is none: the
 * clock has been set back since.
 */
export function lastSign({ seen_at_ms, facts, started_at_ms }: Execution, nowMs: Millis): Millis {
  const signs = [seen_at_ms ?? 0, facts.bound?.at_ms ?? 0, started_at_ms];
  return Math.max(0, ...signs.filter((sign) => !isInFuture(sign, nowMs)));
}

/** The order a runner is given with any answer once a stop is stored. */
export function stopOrderFor(execution: Execution): StopOrder | undefined {
  const stop = stopInForce(execution.facts);
  return stop && !isTerminal(execution.status) ? { grace_ms: stop.grace_ms } : undefined;
}

/** When the run times out, ms since the epoch: counted from its bootstrap, as the runner counts. */
export function deadlineOf(execution: Pick<Execution, 'facts' | 'started_at_ms' | 'timeout_s'>): number {
  return (execution.facts.bound?.at_ms ?? execution.started_at_ms) + execution.timeout_s * 1000;
}
