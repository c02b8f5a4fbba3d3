import type { QueueBody } from '@runvoy/protocol';
import { waitingOfUser, type Execution } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import { limitOf, limitReached, NO_LIMITS, type SlotLimits } from './slot-limits.ts';
import { NO_SLOTS, slotsRef, waitingCount, type Slots } from './slots.ts';

/**
 * The places of those of these runs that wait, by id: one read of the slots, and one count for each user. Without a waiting run nothing
 * is read. A place is how manieth a run would be if every slot that comes free suited whoever is next; it can only be shown, not kept.
 */
export async function queuePlaces(
  records: Pick<Records, 'get' | 'count'>,
  limits: SlotLimits = NO_LIMITS,
  executions: readonly Execution[],
): Promise<ReadonlyMap<string, QueueBody>> {
  const places = new Map<string, QueueBody>();
  const waiting = executions.filter((execution) => execution.waiting);
  if (waiting.length === 0) return places;
  const slots = (await records.get(slotsRef))?.value ?? NO_SLOTS;
  for (const [user, own] of Map.groupBy(waiting, ({ created_by }) => created_by)) {
    const [oldest, ...younger] = own.toSorted((a, b) => a.started_at_ms - b.started_at_ms);
    if (!oldest) continue;
    const equal = { waiting: true, created_by: user };
    // Lists show a user's waiting runs without gaps, so that the others follow the oldest.
    const first = Math.max(1, await records.count(waitingOfUser, { equal, to: oldest.started_at_ms }));
    for (const [index, run] of [oldest, ...younger].entries()) {
      places.set(run.execution_id, queueBody(slots, limits, run, first + index));
    }
  }
  return places;
}

function queueBody(slots: Slots, limits: SlotLimits, run: Execution, nthOfUser: number): QueueBody {
  const place = placeOf(slots, run.created_by, nthOfUser);
  // One that would have room only waits for its turn.
  const limit = limitReached(slots, limits, run);
  return {
    place,
    waiting: Math.max(place, waitingCount(slots)),
    ...(limit === undefined ? {} : { limit, max_running: limitOf(limits, limit, run) }),
    ...(run.queued === undefined ? {} : { until: new Date(run.queued.until_ms).toISOString() }),
  };
}

/** Users take turns: before a user's n-th run every other user has had n turns, or one less when it comes later in turn. */
export function placeOf({ queues }: Slots, user: string, nthOfUser: number): number {
  const own = queues.find((queue) => queue.user === user);
  return queues
    .filter((queue) => queue.user !== user)
    .reduce((place, other) => {
      const turns = own && other.turn < own.turn ? nthOfUser : nthOfUser - 1;
      return place + Math.min(other.waiting, turns);
    }, nthOfUser);
}
