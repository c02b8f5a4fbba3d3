import type { CollectionName, QueryName } from './collections.ts';

/** A JSON value a record may hold. Bytes are allowed only in the one field a collection declares for them. */
export type FieldValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly FieldValue[]
  | { readonly [field: string]: FieldValue | undefined };

/** Names one record. `T` is the shape stored there; the type is the only thing that ties the two together. */
export interface Ref<T extends object> {
  readonly collection: CollectionName;
  readonly id: string;
  /** Never set; carries `T` for the compiler. */
  readonly shape?: T;
}

/** A record as read: its value and the version that compare-and-set expects. */
export interface Stored<T extends object> {
  readonly id: string;
  readonly value: T;
  /** Opaque; differs after every write that changed something, also after a delete and a new create. */
  readonly version: string;
}

/** Where the next page starts. Opaque; stable across writes, because it is an order key and not an offset. */
export type Cursor = string;

export interface Page<T extends object> {
  readonly records: readonly Stored<T>[];
  /** Absent on the last page. */
  readonly next?: Cursor;
}

/** One of the queries of `collections.ts`, typed. */
export interface DeclaredQuery<T extends object> {
  readonly name: QueryName;
  readonly shape?: T;
}

export type IndexableValue = null | boolean | number | string;

export interface QueryArgs {
  /** A value for each field of the query's `equal`, in any order, and the string that the list of its `contains` has to hold. */
  readonly equal?: Readonly<Record<string, IndexableValue>>;
  /** Values for the query's `oneOf` field; results of all of them come merged in the query's order. */
  readonly oneOf?: readonly IndexableValue[];
  /** Bounds on the first order field, in its own direction: `from` and `after` where the results begin, `to` where they end (inclusive). */
  readonly from?: IndexableValue;
  readonly after?: IndexableValue;
  readonly to?: IndexableValue;
  /** At most this many records a page, 1 to 1,000. */
  readonly limit: number;
}

/** What one transaction may do. All reads come before the first write (Firestore's rule; both providers throw `RECORDS_MISUSED` otherwise). */
export interface Tx {
  get<T extends object>(ref: Ref<T>): Promise<T | undefined>;
  page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>>;
  /** The whole transaction fails with `RECORD_EXISTS` when the id is taken at commit. */
  create<T extends object>(ref: Ref<T>, value: T): void;
  /** Creates or replaces. */
  set<T extends object>(ref: Ref<T>, value: T): void;
  delete(ref: Ref<object>): void;
}

export type CreateOutcome = 'created' | 'exists';

/** What a watcher is told: the record as it is now, or that it left the result. */
export type Change<T extends object> =
  { readonly kind: 'present'; readonly id: string; readonly value: T } | { readonly kind: 'gone'; readonly id: string };

export interface Watcher<T extends object> {
  /**
   * First call: all records of the result, in order (maybe none). Later calls: what changed, at least once; versions of one record
   * in commit order, different records in any.
   */
  changed(changes: readonly Change<T>[]): void;
  /** The watch has ended by a fault and delivers nothing more. */
  failed(error: Error): void;
}

/**
 * The store of everything that is not a large blob. Shaped like Firestore: documents by id, declared queries, optimistic transactions.
 *
 * Every method rejects with a `Failure` `STORE_UNAVAILABLE` when the store cannot answer: a failed read is never "not there".
 * A promise that resolved has been made durable.
 */
export interface Records {
  get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined>;
  /** Some fields of a record, as far as it has them: what a large one is, without reading it whole. */
  getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined>;
  /** Fails with `RECORD_EXISTS` when the id is taken: a redelivered batch must not be stored twice. */
  create<T extends object>(ref: Ref<T>, value: T): Promise<void>;
  /** Many creates, each with an outcome of its own, in the order given; not atomic. */
  createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]>;
  /** Replaces the record when it still has `version`; `false` when it changed or is gone. */
  compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean>;
  /** Deletes when present. */
  delete(ref: Ref<object>): Promise<void>;
  /**
   * Runs `change` in one serialisable transaction: what it read, also by query, has not changed at commit.
   * `change` may run more than once and does nothing but read and write through `tx`. A throw from it aborts and is passed on.
   * Fails with `STORE_CONTENDED` after the provider's tries are spent.
   */
  transact<R>(change: (tx: Tx) => Promise<R>): Promise<R>;
  /** Only queries declared in `collections.ts` exist (`RECORDS_MISUSED` otherwise); `from` comes from the page before, with the same arguments. */
  page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>>;
  /** How many records the query matches; `limit` is ignored. */
  count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number>;
  /** Watches one record. Returns the function that ends the watch. */
  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void;
  /** Watches a declared query; `limit` is ignored. Returns the function that ends the watch. */
  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void;
  /** Removes records whose declared expiry field lies before `nowMs`, at most `limit`; says how many. Firestore does this by itself and answers 0. */
  removeExpired(nowMs: number, limit: number): Promise<number>;
}
