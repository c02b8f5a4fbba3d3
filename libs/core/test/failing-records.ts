import { Failure } from '../src/failure.ts';
import type { Records, Tx } from '../src/records/records.ts';

/** Where a store fails: at which of its steps, counted from 1, and whether the step has taken effect. */
export interface Fault {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/**
 * A store whose service dies at one step. Every question and every commit is a step; so is every read within a transaction. What else
 * the service does may be counted among them with `step`. With `staysDead` nothing is answered after it.
 */
export function failingRecords(
  records: Records,
  fault?: Fault,
  { staysDead = false }: { readonly staysDead?: boolean } = {},
): { readonly records: Records; steps(): number; step<R>(work: () => Promise<R>): Promise<R> } {
  let steps = 0;
  const step = async <R>(work: () => Promise<R>): Promise<R> => {
    steps += 1;
    const fails = steps === fault?.at;
    if (staysDead && fault && steps > fault.at) throw new Failure('STORE_UNAVAILABLE');
    if (fails && fault?.when === 'before') throw new Failure('STORE_UNAVAILABLE');
    const result = await work();
    if (fails) throw new Failure('STORE_UNAVAILABLE');
    return result;
  };
  const failing: Records = {
    get: (ref) => step(() => records.get(ref)),
    getFields: (ref, fields) => step(() => records.getFields(ref, fields)),
    create: (ref, value) => step(() => records.create(ref, value)),
    createMany: (entries) => step(() => records.createMany(entries)),
    compareAndSet: (ref, version, value) => step(() => records.compareAndSet(ref, version, value)),
    delete: (ref) => step(() => records.delete(ref)),
    page: (query, args, from) => step(() => records.page(query, args, from)),
    count: (query, args) => step(() => records.count(query, args)),
    transact: (change) =>
      step(() =>
        records.transact((tx) => {
          const watched: Tx = {
            get: (ref) => step(() => tx.get(ref)),
            page: (query, args, from) => step(() => tx.page(query, args, from)),
            create: (ref, value) => tx.create(ref, value),
            set: (ref, value) => tx.set(ref, value),
            delete: (ref) => tx.delete(ref),
          };
          return change(watched);
        }),
      ),
    watch: (ref, watcher) => records.watch(ref, watcher),
    watchQuery: (query, args, watcher) => records.watchQuery(query, args, watcher),
    removeExpired: (nowMs, limit) => records.removeExpired(nowMs, limit),
  };
  return { records: failing, steps: () => steps, step };
}
