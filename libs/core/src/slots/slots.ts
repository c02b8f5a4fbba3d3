import type { Execution } from '../executions/execution.ts';
import type { Ref } from '../records/records.ts';

/** A run that is under way, as far as limits ask. */
export interface Holder {
  readonly execution_id: string;
  readonly user: string;
  readonly image_id: string;
  /** The limited key it is counted with, by id. */
  readonly key?: string;
}

/** Whoever has runs that wait. */
export interface UserQueue {
  readonly user: string;
  readonly waiting: number;
  /** The `serial` at which a slot was last given to this user, or at which it began to wait. The lowest is next. */
  readonly turn: number;
}

/**
 * Who holds the slots of a deployment, and whose turn it is. One record, changed only together with the executions it tells of. The
 * runs that wait are not in it: they are the executions with `waiting`.
 */
export interface Slots {
  /** Counts the changes: who has read one serial knows everything about slots and queues at that moment. */
  readonly serial: number;
  readonly holders: readonly Holder[];
  readonly queues: readonly UserQueue[];
}

type Run = Pick<Execution, 'execution_id' | 'created_by' | 'image_id' | 'key_limit'>;

export const slotsRef: Ref<Slots> = { collection: 'settings', id: 'slots' };
export const NO_SLOTS: Slots = { serial: 0, holders: [], queues: [] };

/** How many runs may wait at once. A run beyond is refused: so long a queue helps nobody, and each of them is listed at every tick. */
export const WAITING_MAX = 10_000;

export function holds(slots: Slots, executionId: string): boolean {
  return slots.holders.some(({ execution_id }) => execution_id === executionId);
}

export function waitingCount(slots: Slots): number {
  return slots.queues.reduce((sum, { waiting }) => sum + waiting, 0);
}

/** With this run as a holder; the same object when it is one. */
export function withHolder(slots: Slots, { execution_id, created_by, image_id, key_limit }: Run): Slots {
  if (holds(slots, execution_id)) return slots;
  const key = key_limit === undefined ? {} : { key: key_limit.key_id };
  return changed(slots, { holders: [...slots.holders, { execution_id, user: created_by, image_id, ...key }] });
}

/** Without this run among the holders; the same object when it is none. */
export function withoutHolder(slots: Slots, executionId: string): Slots {
  if (!holds(slots, executionId)) return slots;
  return changed(slots, { holders: slots.holders.filter(({ execution_id }) => execution_id !== executionId) });
}

/** One more run of this user waits. Who begins to wait is last in turn. */
export function withWaiting(slots: Slots, user: string): Slots {
  const known = slots.queues.find((queue) => queue.user === user);
  return withQueue(slots, {
    user,
    waiting: (known?.waiting ?? 0) + 1,
    turn: known?.turn ?? slots.serial + 1,
  });
}

/** One run of this user waits no more, because it was stopped or waited too long. Its turn stays. */
export function withoutWaiting(slots: Slots, user: string): Slots {
  const known = slots.queues.find((queue) => queue.user === user);
  return known ? withQueue(slots, { ...known, waiting: known.waiting - 1 }) : slots;
}

/** A run that waited holds a slot: its user is last in turn now. */
export function withAdmitted(slots: Slots, run: Run): Slots {
  const left = withoutWaiting(withHolder(slots, run), run.created_by);
  const queues = left.queues.map((queue) => (queue.user === run.created_by ? { ...queue, turn: left.serial } : queue));
  return { ...left, queues };
}

/** With the number of this user's waiting runs set right. */
export function withCounted(slots: Slots, user: string, waiting: number): Slots {
  const known = slots.queues.find((queue) => queue.user === user);
  if ((known?.waiting ?? 0) === waiting) return slots;
  return withQueue(slots, { user, waiting, turn: known?.turn ?? slots.serial + 1 });
}

/** The users with waiting runs, the next one first. */
export function inTurn({ queues }: Slots): readonly UserQueue[] {
  return queues.toSorted((a, b) => a.turn - b.turn);
}

function withQueue(slots: Slots, queue: UserQueue): Slots {
  const others = slots.queues.filter(({ user }) => user !== queue.user);
  return changed(slots, { queues: queue.waiting > 0 ? [...others, queue] : others });
}

function changed(slots: Slots, change: Partial<Slots>): Slots {
  return { ...slots, ...change, serial: slots.serial + 1 };
}
