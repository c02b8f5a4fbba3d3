import { isTerminal } from '@runvoy/protocol';
import { executionRef, waitingOfUser, type Execution } from '../executions/execution.ts';
import { applyEvidence } from '../executions/store-execution.ts';
import type { Records, Tx } from '../records/records.ts';
import { admitWaiting, isOverdue, type AdmitDeps } from './admit-waiting.ts';
import { needsSlot, NO_LIMITS, type SlotLimits } from './slot-limits.ts';
import { inSlotLane } from './slot-lane.ts';
import { holds, NO_SLOTS, slotsRef, withCounted, withHolder, withoutHolder, type Slots } from './slots.ts';

/** What a tick keeps of an unfinished run: not its command, of which ten thousand would not fit into a small service. */
export type UnfinishedRun = Pick<
  Execution,
  | 'execution_id'
  | 'created_by'
  | 'image_id'
  | 'image_max_running'
  | 'key_limit'
  | 'facts'
  | 'status'
  | 'slot'
  | 'waiting'
  | 'queued'
>;

const COUNTED_A_PAGE = 100;

/**
 * What passing time asks for of slots and queue, given all unfinished runs: runs that have waited too long are ended, leaks are mended,
 * and who waits is admitted where there is room. Where no limit is set and no run knows of one, nothing is read. Rejects when the store
 * does not answer. Returns how many runs were admitted.
 */
export async function tendSlots(
  deps: AdmitDeps,
  runs: readonly UnfinishedRun[],
  noticed: (error: unknown, about: string) => void,
  untilMs: number,
): Promise<number> {
  const { records, clock, limits = NO_LIMITS } = deps;
  const isLimited = limits.deployment > 0 || limits.user > 0 || limits.image > 0;
  if (!isLimited && !runs.some((run) => run.waiting || run.slot || needsSlot(limits, run))) return 0;
  for (const run of runs) {
    if (!isOverdue(run, clock)) continue;
    await applyEvidence(deps, run.execution_id, [{ kind: 'queue_timed_out', at_ms: clock.now() }]);
  }
  // Read after the list was: what it shows as over, or as begun, may be newer here, and is looked at once more before it is believed.
  const slots = (await records.get(slotsRef))?.value ?? NO_SLOTS;
  for (const id of doubtfulHolders(slots, limits, runs)) await mendHolder(records, limits, id);
  for (const user of doubtfulQueues(slots, runs)) await mendQueue(records, user);
  if (slots.queues.length === 0 && !runs.some(({ waiting }) => waiting)) return 0;
  return (await admitWaiting(deps, noticed, untilMs)).length;
}

/** Runs of which list and slots say different things: a slot without a run, or a run without its slot. */
function doubtfulHolders(slots: Slots, limits: SlotLimits, runs: readonly UnfinishedRun[]): readonly string[] {
  const begun = runs.filter(({ facts }) => facts.attempts.length > 0);
  const known = new Set(begun.map(({ execution_id }) => execution_id));
  const dead = slots.holders.map(({ execution_id }) => execution_id).filter((id) => !known.has(id));
  const slotless = begun.filter((run) => (run.slot || needsSlot(limits, run)) && !holds(slots, run.execution_id));
  return [...dead, ...slotless.map(({ execution_id }) => execution_id)];
}

function doubtfulQueues(slots: Slots, runs: readonly UnfinishedRun[]): readonly string[] {
  const waiting = runs.filter((run) => run.waiting);
  const users = new Set([...waiting.map(({ created_by }) => created_by), ...slots.queues.map(({ user }) => user)]);
  return [...users].filter((user) => {
    const listed = waiting.filter(({ created_by }) => created_by === user).length;
    return listed !== (slots.queues.find((queue) => queue.user === user)?.waiting ?? 0);
  });
}

/** Takes the slot of a run that has ended or is not there; gives one to a run that has begun and has none, also where that is too many. */
function mendHolder(records: Records, limits: SlotLimits, id: string): Promise<void> {
  const mend = async (tx: Tx): Promise<void> => {
    const run = await tx.get(executionRef(id));
    const slots = (await tx.get(slotsRef)) ?? NO_SLOTS;
    if (!run || isTerminal(run.status) || run.facts.attempts.length === 0) {
      if (holds(slots, id)) tx.set(slotsRef, withoutHolder(slots, id));
      return;
    }
    if (holds(slots, id) || !(run.slot || needsSlot(limits, run))) return;
    tx.set(slotsRef, withHolder(slots, run));
    if (!run.slot) tx.set(executionRef(id), { ...run, slot: true });
  };
  return inSlotLane(records, () => records.transact(mend));
}

function mendQueue(records: Records, user: string): Promise<void> {
  const mend = async (tx: Tx): Promise<void> => {
    const slots = (await tx.get(slotsRef)) ?? NO_SLOTS;
    const mended = withCounted(slots, user, await countWaiting(tx, user));
    if (mended !== slots) tx.set(slotsRef, mended);
  };
  return inSlotLane(records, () => records.transact(mend));
}

async function countWaiting(tx: Pick<Tx, 'page'>, user: string): Promise<number> {
  let count = 0;
  let from: string | undefined;
  do {
    const equal = { waiting: true, created_by: user };
    const page: { readonly records: readonly unknown[]; readonly next?: string } = await tx.page(
      waitingOfUser,
      { equal, limit: COUNTED_A_PAGE },
      from,
    );
    count += page.records.length;
    from = page.next;
  } while (from !== undefined);
  return count;
}
