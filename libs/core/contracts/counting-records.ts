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

/** What a store was asked to do. */
export interface StoreOperations {
  /** Reads of a record and pages of a query, also within transactions; and each record that a watch tells of. */
  readonly reads: number;
  /** What Firestore bills for them: each record on a page, and one for a page or a record that is not there. */
  readonly records_read: number;
  /** Commits that changed something: single writes, and transactions as one each. */
  readonly writes: number;
  /** Records that were created, replaced or deleted by these: what Firestore bills. */
  readonly records_written: number;
}

/** Records that count what is asked of the ones below. */
export class CountingRecords implements Records {
  readonly #records: Records;
  #reads = 0;
  #recordsRead = 0;
  #writes = 0;
  #recordsWritten = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  /** What was asked since this was last called. */
  take(): StoreOperations {
    const taken = {
      reads: this.#reads,
      records_read: this.#recordsRead,
      writes: this.#writes,
      records_written: this.#recordsWritten,
    };
    this.#reads = this.#recordsRead = this.#writes = this.#recordsWritten = 0;
    return taken;
  }

  get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined> {
    this.#read(1);
    return this.#records.get(ref);
  }

  getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined> {
    this.#read(1);
    return this.#records.getFields(ref, fields);
  }

  async create<T extends object>(ref: Ref<T>, value: T): Promise<void> {
    await this.#records.create(ref, value);
    this.#wrote(1);
  }

  async createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]> {
    const outcomes = await this.#records.createMany(entries);
    this.#wrote(outcomes.filter((outcome) => outcome === 'created').length);
    return outcomes;
  }

  async compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean> {
    const isReplaced = await this.#records.compareAndSet(ref, version, value);
    if (isReplaced) this.#wrote(1);
    return isReplaced;
  }

  async delete(ref: Ref<object>): Promise<void> {
    await this.#records.delete(ref);
    this.#wrote(1);
  }

  async transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    let written = 0;
    const result = await this.#records.transact((tx) => {
      written = 0;
      return change(
        this.#transaction(tx, () => {
          written += 1;
        }),
      );
    });
    if (written > 0) this.#wrote(written);
    return result;
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    return this.#counted(await this.#records.page(query, args, from));
  }

  count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number> {
    this.#read(1);
    return this.#records.count(query, args);
  }

  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void {
    return this.#records.watch(ref, this.#watcher(watcher));
  }

  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void {
    return this.#records.watchQuery(query, args, this.#watcher(watcher));
  }

  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#records.removeExpired(nowMs, limit);
  }

  #transaction(tx: Tx, wrote: () => void): Tx {
    return {
      get: (ref) => {
        this.#read(1);
        return tx.get(ref);
      },
      page: async (query, args, from) => this.#counted(await tx.page(query, args, from)),
      create: (ref, value) => {
        wrote();
        tx.create(ref, value);
      },
      set: (ref, value) => {
        wrote();
        tx.set(ref, value);
      },
      delete: (ref) => {
        wrote();
        tx.delete(ref);
      },
    };
  }

  #watcher<T extends object>(watcher: Watcher<T>): Watcher<T> {
    return {
      changed: (changes) => {
        for (const _ of changes) this.#read(1);
        watcher.changed(changes);
      },
      failed: (error) => watcher.failed(error),
    };
  }

  #counted<T extends object>(page: Page<T>): Page<T> {
    this.#read(Math.max(1, page.records.length));
    return page;
  }

  #read(records: number): void {
    this.#reads += 1;
    this.#recordsRead += records;
  }

  #wrote(records: number): void {
    if (records === 0) return;
    this.#writes += 1;
    this.#recordsWritten += records;
  }
}
