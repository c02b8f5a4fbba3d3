import type {
  CreateOutcome,
  Cursor,
  DeclaredQuery,
  Page,
  QueryArgs,
  Records,
  Ref,
  Stored,
  Tx,
  Watcher,
} from '../src/records/records.ts';
import type { Instance } from './instance.ts';
import type { Write } from './write.ts';

/** The store as one instance sees it. Every call may fail, take long or be the last; what is committed is told to `committed`. */
export class InstanceRecords implements Records {
  readonly #instance: Instance;
  readonly #inner: Records;
  readonly #committed: (writes: readonly Write[], by: Instance) => void;

  constructor(instance: Instance, inner: Records, committed: (writes: readonly Write[], by: Instance) => void) {
    this.#instance = instance;
    this.#inner = inner;
    this.#committed = committed;
  }

  get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined> {
    return this.#read(`get ${this.#nameOf(ref)}`, () => this.#inner.get(ref));
  }

  getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined> {
    return this.#read(`get fields of ${this.#nameOf(ref)}`, () => this.#inner.getFields(ref, fields));
  }

  create<T extends object>(ref: Ref<T>, value: T): Promise<void> {
    return this.#write(`create ${this.#nameOf(ref)}`, async (noteWrites) => {
      await this.#inner.create(ref, value);
      noteWrites([{ kind: 'create', ref, value }]);
    });
  }

  createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]> {
    return this.#write('create many', async (noteWrites) => {
      const outcomes = await this.#inner.createMany(entries);
      noteWrites(entries.filter((_, index) => outcomes[index] === 'created').map((e) => ({ kind: 'create', ...e })));
      return outcomes;
    });
  }

  compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean> {
    return this.#write(`replace ${this.#nameOf(ref)}`, async (noteWrites) => {
      const isSet = await this.#inner.compareAndSet(ref, version, value);
      if (isSet) noteWrites([{ kind: 'set', ref, value }]);
      else this.#instance.world.reach('replaced-too-late');
      return isSet;
    });
  }

  delete(ref: Ref<object>): Promise<void> {
    return this.#write(`delete ${this.#nameOf(ref)}`, async (noteWrites) => {
      await this.#inner.delete(ref);
      noteWrites([{ kind: 'delete', ref }]);
    });
  }

  transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    return this.#write('transaction', async (noteWrites) => {
      let writes: Write[] = [];
      let tries = 0;
      const result = await this.#inner.transact((tx) => {
        writes = [];
        tries += 1;
        if (tries === 2) this.#instance.world.reach('transaction-again');
        return change(this.#transaction(tx, writes));
      });
      noteWrites(writes);
      return result;
    });
  }

  page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    return this.#read(`page ${query.name}`, () => this.#inner.page(query, args, from));
  }

  count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number> {
    return this.#read(`count ${query.name}`, () => this.#inner.count(query, args));
  }

  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void {
    return this.#inner.watch(ref, watcher);
  }

  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void {
    return this.#inner.watchQuery(query, args, watcher);
  }

  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#read('remove expired', () => this.#inner.removeExpired(nowMs, limit));
  }

  /** With the run's label where it has one: a place keeps its name when other runs are left out. */
  #nameOf({ collection, id }: Ref<object>): string {
    const run = this.#instance.world.runs.get(id.slice(0, 32));
    return run ? `${collection} of ${run.label}` : collection;
  }

  #read<T>(name: string, read: () => Promise<T>): Promise<T> {
    return this.#instance.call({ port: 'store', name, isWrite: false }, () => this.#atWork(read));
  }

  #write<T>(name: string, write: (noteWrites: (writes: readonly Write[]) => void) => Promise<T>): Promise<T> {
    // Told in the same microtask in which the store answers: also when the one who asked is dead by then.
    return this.#instance.call({ port: 'store', name, isWrite: true }, () =>
      this.#atWork(() => write((writes) => this.#committed(writes, this.#instance))),
    );
  }

  async #atWork<T>(work: () => Promise<T>): Promise<T> {
    const { stillness } = this.#instance.world;
    stillness.begin();
    try {
      return await work();
    } finally {
      stillness.end();
    }
  }

  #transaction(tx: Tx, writes: Write[]): Tx {
    const instance = this.#instance;
    return {
      get: (ref) => instance.callInTransaction(`get ${this.#nameOf(ref)}`, () => tx.get(ref)),
      page: (query, args, from) => instance.callInTransaction(`page ${query.name}`, () => tx.page(query, args, from)),
      create(ref, value) {
        tx.create(ref, value);
        writes.push({ kind: 'create', ref, value });
      },
      set(ref, value) {
        tx.set(ref, value);
        writes.push({ kind: 'set', ref, value });
      },
      delete(ref) {
        tx.delete(ref);
        writes.push({ kind: 'delete', ref });
      },
    };
  }
}
