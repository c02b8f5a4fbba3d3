import { isTerminal, type HeartbeatMessage, type StopOrder } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { advance } from './advance.ts';
import { executionRef, type Execution } from './execution.ts';
import { progressEvidence } from './record-finished.ts';
import { requireExecution, storeExecution } from './store-execution.ts';

/** A silent run's sign of life is written at most this often. */
const SEEN_EVERY_MS = 60_000;

/**
 * Takes a sign of life: one read, and a write only when the run was silent for a minute or a stop has come further.
 * Fails with `EXECUTION_NOT_FOUND`.
 */
export async function recordHeartbeat(
  { records, clock }: { records: Records; clock: Clock },
  executionId: string,
  message: HeartbeatMessage,
): Promise<Execution> {
  const stored = await records.get(executionRef(executionId));
  if (!stored) throw new Failure('EXECUTION_NOT_FOUND', executionId);
  const isOld = (known: Execution) => clock.now() - lastSign(known) >= SEEN_EVERY_MS;
  if (isTerminal(stored.value.status) || (!isOld(stored.value) && !message.stop_progress)) return stored.value;
  return records.transact(async (tx) => {
    const before = await requireExecution(tx, executionId);
    const told = progressEvidence(message.stop_progress).reduce(advance, before);
    // Asked again: the same beat may have been stored meanwhile.
    const after = isOld(told) && !isTerminal(told.status) ? { ...told, seen_at_ms: clock.now() } : told;
    storeExecution(tx, before, after, clock.now());
    return after;
  });
}

/** When the run was last known to live, as far as its own record says; stored chunks may say later. */
export function lastSign(execution: Execution): number {
  return Math.max(execution.seen_at_ms ?? 0, execution.facts.bound?.at_ms ?? 0, execution.started_at_ms);
}

/** The order a runner is given with any answer once a stop is stored. */
export function stopOrderFor(execution: Execution): StopOrder | undefined {
  return execution.facts.stop && !isTerminal(execution.status)
    ? { grace_ms: execution.facts.stop.grace_ms }
    : undefined;
}

/** When the run times out, ms since the epoch: counted from its bootstrap, as the runner counts. */
export function deadlineOf(execution: Execution): number {
  return (execution.facts.bound?.at_ms ?? execution.started_at_ms) + execution.timeout_s * 1000;
}
