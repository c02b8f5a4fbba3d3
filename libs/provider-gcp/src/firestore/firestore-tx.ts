import { Failure } from '@runvoy/core';
import type { Cursor, DeclaredQuery, Page, QueryArgs, Ref, Tx } from '@runvoy/core';
import type { RecordPages } from './record-pages.ts';
import type { DocumentShapes } from './document-shapes.ts';
import type { Read, ReadIn, StoreCalls, WriteProto } from './store-calls.ts';
import { failureOf } from './store-problem.ts';

/**
 * One run of a transaction's function. The transaction opens with the first read, so one that only writes costs a single call.
 * Whatever was read is locked until the end (the Standard edition's way): it is one state.
 */
export class FirestoreTx implements Tx {
  readonly writes: WriteProto[] = [];
  readonly #calls: StoreCalls;
  readonly #shapes: DocumentShapes;
  readonly #pages: RecordPages;
  readonly #retryOf: string | undefined;
  #opening: Promise<string | undefined> | undefined;
  #readFirst: string | undefined;
  #readsFailed: unknown;
  #isOver = false;

  constructor(store: { calls: StoreCalls; shapes: DocumentShapes; pages: RecordPages }, retryOf: string | undefined) {
    this.#calls = store.calls;
    this.#shapes = store.shapes;
    this.#pages = store.pages;
    this.#retryOf = retryOf;
  }

  async get<T extends object>(ref: Ref<T>): Promise<T | undefined> {
    this.#checkReading();
    const name = this.#shapes.nameOf(ref);
    this.#readFirst ??= name;
    const found = await this.#read((readIn) => this.#calls.getIn(name, readIn));
    return found && (this.#shapes.valueOf(found.fields) as T);
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    this.#checkReading();
    const asked = this.#pages.plan(query, args, from);
    this.#readFirst ??= JSON.stringify([query.name, args.equal]);
    const found = await this.#read((readIn) => this.#calls.queryIn(asked.proto, readIn));
    return this.#pages.pageOf(asked, found) as Page<T>;
  }

  create<T extends object>(ref: Ref<T>, value: T): void {
    this.#write({ update: this.#shapes.documentOf(ref, value), currentDocument: { exists: false } });
  }

  set<T extends object>(ref: Ref<T>, value: T): void {
    this.#write({ update: this.#shapes.documentOf(ref, value) });
  }

  delete(ref: Ref<object>): void {
    this.#write({ delete: this.#shapes.nameOf(ref) });
  }

  /** After the function has returned, a call would be lost: it is refused instead. */
  finish(): void {
    this.#isOver = true;
  }

  /** The transaction that the reads opened, if any did. */
  async opened(): Promise<string | undefined> {
    return this.#opening?.catch(() => undefined);
  }

  /** What a read failed with: a function may have swallowed it, and its writes then rest on nothing. */
  get readsFailed(): unknown {
    return this.#readsFailed;
  }

  /** A name that is created although an earlier write of this transaction put it there; Firestore calls that a wrong request. */
  get createdTwice(): string | undefined {
    const isThere = new Map<string, boolean>();
    for (const { update, delete: deleted, currentDocument } of this.writes) {
      const name = update?.name ?? deleted ?? '';
      if (currentDocument?.exists === false && isThere.get(name)) return name;
      isThere.set(name, update !== undefined);
    }
    return undefined;
  }

  /** Names the first thing that was read. */
  get readFirst(): string {
    return this.#readFirst ?? '';
  }

  async #read<R>(ask: (readIn: ReadIn) => Promise<Read<R>>): Promise<R> {
    try {
      if (this.#opening) {
        const transaction = await this.#opening;
        return (await ask(transaction === undefined ? this.#begin() : { transaction })).found;
      }
      const first = ask(this.#begin());
      this.#opening = first.then((read) => read.transaction);
      this.#opening.catch(() => undefined);
      return (await first).found;
    } catch (error) {
      this.#readsFailed ??= error;
      throw failureOf(error);
    }
  }

  #begin(): ReadIn {
    return { begin: true, ...(this.#retryOf === undefined ? {} : { retryOf: this.#retryOf }) };
  }

  #write(write: WriteProto): void {
    this.#checkOpen();
    this.writes.push(write);
  }

  #checkReading(): void {
    this.#checkOpen();
    if (this.writes.length > 0) {
      throw new Failure('RECORDS_MISUSED', 'A transaction reads everything before its first write.');
    }
  }

  #checkOpen(): void {
    if (this.#isOver) {
      throw new Failure('RECORDS_MISUSED', 'The transaction is over; nothing can be read or written through it.');
    }
  }
}
