import { Failure } from '@runvoy/core';
import type { Cursor, DeclaredQuery, Page, QueryArgs, Ref, Stored, Tx } from '@runvoy/core';
import type { RecordShape } from './record-shape.ts';

/** What a transaction asks of its store. */
export interface TxStore {
  read(ref: Ref<object>): Stored<object> | undefined;
  page(query: DeclaredQuery<object>, args: QueryArgs, from: Cursor | undefined): Page<object>;
  pageState(page: Page<object>): string;
  shape(ref: Ref<object>, value: object): RecordShape;
  checkRef(ref: Ref<object>): void;
}

/** A read of the transaction that must still hold when it commits. */
export type TxRead =
  | { readonly kind: 'record'; readonly ref: Ref<object>; readonly version: string | undefined }
  | {
      readonly kind: 'page';
      readonly query: DeclaredQuery<object>;
      readonly args: QueryArgs;
      readonly from: Cursor | undefined;
      readonly seen: string;
    };

export type TxWrite =
  | { readonly kind: 'create' | 'set'; readonly record: RecordShape }
  | { readonly kind: 'delete'; readonly ref: Ref<object> };

/** One run of a transaction's function: reads what is committed and remembers it, keeps the writes for the commit. */
export class SqliteTx implements Tx {
  readonly reads: TxRead[] = [];
  readonly writes: TxWrite[] = [];
  readonly #store: TxStore;
  #isOver = false;

  constructor(store: TxStore) {
    this.#store = store;
  }

  // The methods are async for their rejections; each reads at once, so that what it answers is one committed state.
  async get<T extends object>(ref: Ref<T>): Promise<T | undefined> {
    this.#checkReading();
    const stored = this.#store.read(ref) as Stored<T> | undefined;
    this.reads.push({ kind: 'record', ref, version: stored?.version });
    return stored?.value;
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    this.#checkReading();
    const page = this.#store.page(query, args, from) as Page<T>;
    this.reads.push({ kind: 'page', query, args, from, seen: this.#store.pageState(page) });
    return page;
  }

  create<T extends object>(ref: Ref<T>, value: T): void {
    this.#checkOpen();
    this.writes.push({ kind: 'create', record: this.#store.shape(ref, value) });
  }

  set<T extends object>(ref: Ref<T>, value: T): void {
    this.#checkOpen();
    this.writes.push({ kind: 'set', record: this.#store.shape(ref, value) });
  }

  delete(ref: Ref<object>): void {
    this.#checkOpen();
    this.#store.checkRef(ref);
    this.writes.push({ kind: 'delete', ref });
  }

  /** After the function has returned, a call would be lost: it is refused instead. */
  finish(): void {
    this.#isOver = true;
  }

  #checkReading(): void {
    this.#checkOpen();
    if (this.writes.length > 0)
      throw new Failure('RECORDS_MISUSED', 'A transaction reads everything before its first write.');
  }

  #checkOpen(): void {
    if (this.#isOver)
      throw new Failure('RECORDS_MISUSED', 'The transaction is over; nothing can be read or written through it.');
  }
}
