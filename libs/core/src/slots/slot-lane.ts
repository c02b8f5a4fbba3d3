import type { Records } from '../records/records.ts';

const LAST = new WeakMap<object, Promise<unknown>>();

/**
 * Runs a transaction over the slots after those of this process that were asked for before. All of them read and write one record:
 * side by side they would only make each other lose, which on Firestore takes seconds each time. Other processes are for the store's
 * own arbitration. `work` asks for no turn itself.
 */
export async function inSlotLane<R>(records: Pick<Records, 'transact'>, work: () => Promise<R>): Promise<R> {
  const result = (LAST.get(records) ?? Promise.resolve()).then(work);
  LAST.set(
    records,
    result.catch(() => undefined),
  );
  return result;
}
