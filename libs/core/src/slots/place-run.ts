import type { Execution } from '../executions/execution.ts';
import { Failure } from '../failure.ts';
import type { Tx } from '../records/records.ts';
import { limitReached, needsSlot, type SlotLimits } from './slot-limits.ts';
import { NO_SLOTS, slotsRef, WAITING_MAX, waitingCount, withHolder, withWaiting, type Slots } from './slots.ts';

/** A run as it is to be stored, and the record of the slots that goes with it. */
export interface Placed {
  readonly execution: Execution;
  readonly slots?: Slots;
}

/**
 * Gives a new run its slot, or its place in the queue: it then has no attempt. Reads within `tx`, and only where a limit applies.
 * While anybody waits, a new run waits, too, and whoever admits decides whose turn it is. Fails with `QUEUE_FULL`.
 */
export async function placeRun(tx: Pick<Tx, 'get'>, limits: SlotLimits, execution: Execution): Promise<Placed> {
  if (!needsSlot(limits, execution)) return { execution };
  const slots = (await tx.get(slotsRef)) ?? NO_SLOTS;
  const waiting = waitingCount(slots);
  if (waiting === 0 && limitReached(slots, limits, execution) === undefined) {
    return { execution: { ...execution, slot: true }, slots: withHolder(slots, execution) };
  }
  if (waiting >= WAITING_MAX) throw new Failure('QUEUE_FULL', `${waiting}`);
  const since_ms = execution.started_at_ms;
  const queued = { since_ms, until_ms: since_ms + limits.queue_timeout_s * 1000 };
  return {
    execution: { ...execution, facts: { attempts: [] }, queued, waiting: true },
    slots: withWaiting(slots, execution.created_by),
  };
}
