import { isTerminal } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';
import type { Tx } from '../records/records.ts';
import { NO_SLOTS, slotsRef, withAdmitted, withHolder, withoutHolder, withoutWaiting, type Slots } from './slots.ts';

/** True when this change of an execution takes the record of the slots with it. */
export function changesSlots(before: Execution, after: Execution): boolean {
  const isEnd = isTerminal(after.status) && !isTerminal(before.status);
  return before.waiting !== after.waiting || before.slot !== after.slot || (isEnd && after.slot === true);
}

/**
 * The slots as they are once `after` is stored in place of `before`, read within the same transaction; `undefined` when they stay as
 * they are. A slot is given back by the end alone, never by a report: what reported may still live.
 */
export async function slotsAfter(tx: Pick<Tx, 'get'>, before: Execution, after: Execution): Promise<Slots | undefined> {
  if (!changesSlots(before, after)) return undefined;
  const slots = (await tx.get(slotsRef)) ?? NO_SLOTS;
  const next = change(slots, before, after);
  return next === slots ? undefined : next;
}

function change(slots: Slots, before: Execution, after: Execution): Slots {
  const isOver = isTerminal(after.status);
  const isAdmitted = after.slot === true && !isOver;
  if (before.waiting && !after.waiting) {
    return isAdmitted ? withAdmitted(slots, after) : withoutWaiting(slots, after.created_by);
  }
  return isAdmitted ? withHolder(slots, after) : withoutHolder(slots, after.execution_id);
}
