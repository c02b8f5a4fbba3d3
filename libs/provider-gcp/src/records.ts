import { Failure, systemClock } from '@runvoy/core';
import type {
  Clock,
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
} from '@runvoy/core';
import { ContentionLanes } from './firestore/contention-lanes.ts';
import { DocumentShapes } from './firestore/document-shapes.ts';
import { FirestoreTx } from './firestore/firestore-tx.ts';
import { googleAuthorization } from './firestore/google-authorization.ts';
import { JoinedReads } from './firestore/joined-reads.ts';
import { ListenClients } from './firestore/listen-clients.ts';
import { RecordPages } from './firestore/record-pages.ts';
import { RestDoor } from './firestore/rest-door.ts';
import { StoreCalls } from './firestore/store-calls.ts';
import type { WriteProto } from './firestore/store-calls.ts';
import { failureOf, hasStatus, isContention, isPassing, StoreProblem } from './firestore/store-problem.ts';
import { structuredQuery } from './firestore/structured-query.ts';
import { RecordWatch } from './firestore/record-watch.ts';
import type { WatchTarget } from './firestore/record-watch.ts';

export interface FirestoreRecordsOptions {
  readonly projectId: string;
  /** Default `runvoy`. */
  readonly databaseId?: string;
  /** Before the name of each collection; default `runvoy-`. */
  readonly collectionPrefix?: string;
  /** The emulator's `host:port`, spoken to in plain text; Google's own address without it. */
  readonly host?: string | undefined;
  readonly clock?: Clock;
  /** 0 to 1, for the pauses between tries. */
  readonly random?: () => number;
}

export interface FirestoreRecords extends Records, AsyncDisposable {
  /** Ends every watch and all connections. */
  close(): Promise<void>;
}

const GOOGLE_HOST = 'firestore.googleapis.com';
/** What the emulator takes for somebody who may do everything. */
const EMULATOR_OWNER = 'Bearer owner';

/** Two who hold a lock the other wants lose in turn; with the pauses between them this is some ten seconds. */
const TRANSACTION_TRIES = 12;

/** A version is the time of the last change, as Firestore writes it. */
const VERSION = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** google.rpc.Code */
const ALREADY_EXISTS = 6;

/** Records in a named Firestore database. Nothing is loaded or asked of Google before the first call. */
export function openFirestoreRecords(options: FirestoreRecordsOptions): FirestoreRecords {
  return new RecordsInFirestore(options);
}

class RecordsInFirestore implements FirestoreRecords {
  readonly #shapes: DocumentShapes;
  readonly #pages: RecordPages;
  readonly #door: RestDoor;
  readonly #calls: StoreCalls;
  readonly #fieldReads: JoinedReads;
  readonly #listens: ListenClients;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #lanes = new ContentionLanes();
  readonly #watches = new Set<RecordWatch>();

  constructor({ projectId, databaseId, collectionPrefix, host, clock, random }: FirestoreRecordsOptions) {
    const place = {
      projectId,
      databaseId: databaseId ?? 'runvoy',
      collectionPrefix: collectionPrefix ?? 'runvoy-',
    };
    this.#clock = clock ?? systemClock;
    this.#random = random ?? Math.random;
    this.#shapes = new DocumentShapes(place);
    this.#pages = new RecordPages(this.#shapes);
    this.#door = new RestDoor({
      host: host ?? GOOGLE_HOST,
      isPlain: host !== undefined,
      authorize: host === undefined ? googleAuthorization() : async () => EMULATOR_OWNER,
      now: () => this.#clock.now(),
    });
    this.#calls = new StoreCalls(this.#door, this.#shapes.root, this.#clock, this.#random);
    this.#fieldReads = new JoinedReads((names, fields) => this.#calls.fieldsOf(names, fields));
    this.#listens = new ListenClients(host);
  }

  async get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined> {
    const name = this.#shapes.nameOf(ref);
    const document = await told(this.#calls.get(name));
    return document && (this.#pages.stored(document) as Stored<T>);
  }

  async getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined> {
    const document = await told(this.#fieldReads.get(this.#shapes.nameOf(ref), fields));
    return document && (this.#shapes.valueOf(document.fields) as Pick<T, F>);
  }

  async create<T extends object>(ref: Ref<T>, value: T): Promise<void> {
    const write = { update: this.#shapes.documentOf(ref, value), currentDocument: { exists: false } };
    await this.#commitOne(write).catch((error: unknown) => {
      throw hasStatus(error, 'ALREADY_EXISTS') ? exists(ref) : failureOf(error);
    });
  }

  async createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]> {
    const writes = new Map<string, WriteProto>();
    const names = entries.map(({ ref, value }) => {
      const update = this.#shapes.documentOf(ref, value);
      // Firestore takes each name once a request; of those that share one, the first counts.
      if (!writes.has(update.name)) writes.set(update.name, { update, currentDocument: { exists: false } });
      return update.name;
    });
    if (writes.size === 0) return [];
    const codes = await told(this.#calls.batchWrite([...writes.values()]));
    const outcomes = new Map([...writes.keys()].map((name, index) => [name, createOutcome(codes[index]!)]));
    return names.map((name, index) => (names.indexOf(name) === index ? outcomes.get(name)! : 'exists'));
  }

  async compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean> {
    const write = { update: this.#shapes.documentOf(ref, value), currentDocument: { updateTime: version } };
    // No record has a version that is no time.
    if (!VERSION.test(version)) return false;
    try {
      await this.#commitOne(write);
      return true;
    } catch (error) {
      if (hasStatus(error, 'FAILED_PRECONDITION') || hasStatus(error, 'NOT_FOUND')) return false;
      throw failureOf(error);
    }
  }

  async delete(ref: Ref<object>): Promise<void> {
    const name = this.#shapes.nameOf(ref);
    // Deleting twice is deleting once.
    await told(this.#calls.again(() => this.#calls.commit([{ delete: name }])));
  }

  async transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    const first = await this.#attempt(change, undefined);
    if ('result' in first) return first.result;
    if (!first.isWorthAnother) throw failureOf(first.problem);
    return this.#lanes.run(first.readFirst, () => this.#tryAgain(change, first));
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    const asked = this.#pages.plan(query, args, from);
    return this.#pages.pageOf(asked, await told(this.#calls.query(asked.proto))) as Page<T>;
  }

  async count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number> {
    return told(this.#calls.count(structuredQuery(this.#shapes, this.#shapes.query(query), args)));
  }

  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void {
    return this.#watch({ documents: { documents: [this.#shapes.nameOf(ref)] } }, watcher);
  }

  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void {
    const named = this.#shapes.query(query);
    const structured = structuredQuery(this.#shapes, named, args);
    return this.#watch({ query: { parent: this.#shapes.root, structuredQuery: structured }, order: named }, watcher);
  }

  /** The TTL policies of the database do it. */
  async removeExpired(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.fail(new Failure('SHUTTING_DOWN'));
    this.#watches.clear();
    await Promise.all([this.#listens.close(), this.#door.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One write outside of transactions: it may have to wait for the locks of one, and is certainly not applied when it lost. */
  #commitOne(write: WriteProto): Promise<void> {
    const isRejected = (error: unknown): boolean => isPassing(error) && (error as StoreProblem).isRejected;
    return this.#calls.again(() => this.#calls.commit([write]), isRejected);
  }

  async #tryAgain<R>(change: (tx: Tx) => Promise<R>, first: Lost): Promise<R> {
    let lost = first;
    for (let tried = 1; tried < TRANSACTION_TRIES && lost.isWorthAnother; tried++) {
      await this.#calls.pause(tried);
      const attempt = await this.#attempt(change, lost.transaction);
      if ('result' in attempt) return attempt.result;
      lost = attempt;
    }
    throw failureOf(lost.problem);
  }

  /** One run of a transaction. A throw from its function is passed on; what the store said is told. */
  async #attempt<R>(
    change: (tx: Tx) => Promise<R>,
    retryOf: string | undefined,
  ): Promise<{ readonly result: R } | Lost> {
    const tx = new FirestoreTx({ calls: this.#calls, shapes: this.#shapes, pages: this.#pages }, retryOf);
    let result: R;
    try {
      result = await change(tx);
      tx.finish();
      if (tx.readsFailed !== undefined) throw tx.readsFailed;
    } catch (error) {
      tx.finish();
      const transaction = await this.#rollBack(tx);
      if (tx.readsFailed === undefined) throw error;
      const isWorthAnother = isPassing(tx.readsFailed) || isContention(tx.readsFailed);
      return { problem: tx.readsFailed, isWorthAnother, transaction, readFirst: tx.readFirst };
    }
    const transaction = await tx.opened();
    if (transaction === undefined && tx.writes.length === 0) return { result };
    if (tx.createdTwice !== undefined) {
      await this.#rollBack(tx);
      throw new Failure('RECORD_EXISTS', tx.createdTwice.slice(this.#shapes.root.length + 1));
    }
    try {
      await this.#calls.commit(tx.writes, transaction);
      return { result };
    } catch (error) {
      if (hasStatus(error, 'ALREADY_EXISTS')) throw new Failure('RECORD_EXISTS', this.#createdBy(tx), { cause: error });
      if (!isContention(error)) void this.#rollBack(tx);
      const isWorthAnother = isContention(error) || (isPassing(error) && (error as StoreProblem).isRejected);
      return { problem: error, isWorthAnother, transaction, readFirst: tx.readFirst };
    }
  }

  /** What the transaction wanted to create; Firestore does not say which of several was taken. */
  #createdBy({ writes }: FirestoreTx): string {
    const creates = writes.filter(({ currentDocument }) => currentDocument?.exists === false);
    return creates.map(({ update }) => update?.name.slice(this.#shapes.root.length + 1)).join(' or ');
  }

  /** Frees the locks. Not waited for: should it fail, Firestore frees them by itself after a while. */
  async #rollBack(tx: FirestoreTx): Promise<string | undefined> {
    const transaction = await tx.opened();
    if (transaction !== undefined) this.#calls.rollback(transaction).catch(() => undefined);
    return transaction;
  }

  #watch<T extends object>(target: WatchTarget, watcher: Watcher<T>): () => void {
    const watch = new RecordWatch(target, watcher, {
      shapes: this.#shapes,
      clients: this.#listens,
      clock: this.#clock,
      random: this.#random,
      ended: (ended) => this.#watches.delete(ended),
    });
    this.#watches.add(watch);
    return () => watch.end();
  }
}

/** A run of a transaction that came to nothing. */
interface Lost {
  readonly problem: unknown;
  readonly isWorthAnother: boolean;
  readonly transaction: string | undefined;
  /** Names what it read first: those who lost over the same take turns. */
  readonly readFirst: string;
}

function createOutcome({ code, message }: { readonly code: number; readonly message?: string }): CreateOutcome {
  if (code === 0) return 'created';
  if (code === ALREADY_EXISTS) return 'exists';
  throw failureOf(new StoreProblem('UNAVAILABLE', `code ${code}, ${message ?? 'no message'}`));
}

function told<R>(answer: Promise<R>): Promise<R> {
  return answer.catch((error: unknown) => {
    throw failureOf(error);
  });
}

function exists({ collection, id }: Ref<object>): Failure {
  return new Failure('RECORD_EXISTS', `${collection}/${id}`);
}
