import { Failure, pickedFields } from '@runvoy/core';
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
} from '@runvoy/core';
import type { DatabaseSync } from 'node:sqlite';
import { ContentionLane } from './sqlite/contention-lane.ts';
import { copyDatabase } from './sqlite/copy-database.ts';
import { DECLARED } from './sqlite/declarations.ts';
import type { Declarations } from './sqlite/declarations.ts';
import { DocumentTable } from './sqlite/document-table.ts';
import { GroupCommit } from './sqlite/group-commit.ts';
import { MIGRATIONS } from './sqlite/migrations.ts';
import type { Migrations } from './sqlite/migrations.ts';
import { openDatabase } from './sqlite/open-database.ts';
import type { RecordShape } from './sqlite/record-shape.ts';
import { RecordReader } from './sqlite/record-reader.ts';
import { prepareSchema } from './sqlite/schema.ts';
import { SqliteTx } from './sqlite/sqlite-tx.ts';
import type { TxRead, TxWrite } from './sqlite/sqlite-tx.ts';
import { WatchFeed } from './sqlite/watch-feed.ts';

export interface SqliteRecordsOptions {
  /** The collections and queries; those of `collections.ts` unless a test opens data of another time. */
  readonly declared?: Declarations;
  readonly migrations?: Migrations;
}

export interface SqliteRecords extends Records, AsyncDisposable {
  /** Commits what was asked for, ends every watch and closes the file. Whatever is asked afterwards fails with `STORE_UNAVAILABLE`. */
  close(): void;
  /**
   * Copies everything into a new file while others go on writing. `beside` runs at the moment the copy is of, while nothing is
   * written: what it copies is of the same moment. Rejects with what went wrong; the file may be half written then.
   */
  copyInto(path: string, beside?: () => Promise<void>): Promise<void>;
}

/**
 * Opens the records in a file of their own, or in memory for `:memory:`.
 *
 * Throws an Error fit to be shown when the file is held by another process, cannot be opened, or holds data newer than this code.
 */
export function openSqliteRecords(path: string, options: SqliteRecordsOptions = {}): SqliteRecords {
  return sqliteRecordsOn(openDatabase(path), options);
}

/** The records in an open database, which they close when they are closed. */
export function sqliteRecordsOn(database: DatabaseSync, options: SqliteRecordsOptions = {}): SqliteRecords {
  try {
    return new RecordsInSqlite(database, options.declared ?? DECLARED, options.migrations ?? MIGRATIONS);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs against whatever is committed, with everybody else. */
const OPTIMISTIC_TRIES = 4;
/** Runs one after the other with those who lost as often: nobody loses for ever to his own kind. */
const LANE_TRIES = 16;

class RecordsInSqlite implements SqliteRecords {
  readonly #database: DatabaseSync;
  readonly #table: DocumentTable;
  readonly #reader: RecordReader;
  readonly #feed: WatchFeed;
  readonly #group: GroupCommit;
  readonly #contended = new ContentionLane();

  constructor(database: DatabaseSync, declared: Declarations, migrations: Migrations) {
    const queries = prepareSchema(database, declared, migrations);
    this.#database = database;
    this.#table = new DocumentTable(database, queries);
    this.#reader = new RecordReader(database, this.#table, declared, queries);
    this.#feed = new WatchFeed((change) => () => this.#reader.present(change));
    this.#group = new GroupCommit(database, {
      committed: () => this.#feed.publish(this.#table.takeChanges()),
      rolledBack: () => this.#table.forgetChanges(),
    });
  }

  async copyInto(path: string, beside: () => Promise<void> = async () => undefined): Promise<void> {
    let release: (() => void) | undefined;
    try {
      await copyDatabase(this.#database, path, () => (release = this.#group.hold()));
      await beside();
    } finally {
      release?.();
    }
  }

  async get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined> {
    return answer(() => this.#reader.read(ref) as Stored<T> | undefined);
  }

  async getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined> {
    const stored = await this.get(ref);
    return stored && pickedFields(stored.value, fields);
  }

  async create<T extends object>(ref: Ref<T>, value: T): Promise<void> {
    const record = this.#reader.shape(ref, value);
    await this.#group.write(() => {
      if (this.#reader.version(ref) !== undefined) throw exists(ref);
      this.#table.insert(record);
    });
  }

  async createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]> {
    const records = entries.map(({ ref, value }) => this.#reader.shape(ref, value));
    return this.#group.write(() => records.map((record) => this.#createOne(record)));
  }

  async compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean> {
    const record = this.#reader.shape(ref, value);
    return this.#group.write(() => {
      if (this.#reader.version(ref) !== version) return false;
      this.#table.put(record);
      return true;
    });
  }

  async delete(ref: Ref<object>): Promise<void> {
    this.#reader.checkRef(ref);
    await this.#group.write(() => this.#table.remove(ref.collection, ref.id));
  }

  async transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    const attempt = () => this.#attempt(change);
    const outcome =
      (await repeat(OPTIMISTIC_TRIES, attempt)) ?? (await this.#contended.run(() => repeat(LANE_TRIES, attempt)));
    if (!outcome) throw new Failure('STORE_CONTENDED', 'other changes to the same records');
    return outcome.result;
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: Cursor): Promise<Page<T>> {
    return answer(() => this.#reader.page(query, args, from) as Page<T>);
  }

  async count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number> {
    return answer(() => this.#reader.count(query, args));
  }

  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void {
    this.#reader.checkRef(ref);
    return this.#feed.watchRecord(ref.collection, ref.id, watcher, () => {
      const stored = this.#reader.read(ref);
      return stored ? [() => ({ kind: 'present', id: stored.id, value: stored.value })] : [];
    });
  }

  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void {
    const plan = this.#reader.plan(query, args);
    return this.#feed.watchPlan(plan, watcher, () =>
      Array.from(this.#reader.all(plan), ({ id, value }) => () => ({ kind: 'present', id, value })),
    );
  }

  async removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#group.write(() => {
      const expired = this.#table.expired(nowMs, limit);
      for (const { collection, id } of expired) this.#table.remove(collection, id);
      return expired.length;
    });
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#group.close();
    this.#feed.close();
    this.#database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #createOne(record: RecordShape): CreateOutcome {
    if (this.#table.version(record.collection, record.id) !== undefined) return 'exists';
    this.#table.insert(record);
    return 'created';
  }

  /** One run of a transaction; undefined when what it read no longer holds. */
  async #attempt<R>(change: (tx: Tx) => Promise<R>): Promise<{ readonly result: R } | undefined> {
    const writesBefore = this.#table.writes;
    const holds = (reads: readonly TxRead[]) =>
      this.#table.writes === writesBefore || reads.every((read) => this.#holds(read));
    const tx = new SqliteTx({
      read: (ref) => answer(() => this.#reader.read(ref)),
      page: (query, args, from) => answer(() => this.#reader.page(query, args, from)),
      pageState: (page) => this.#reader.pageState(page),
      shape: (ref, value) => this.#reader.shape(ref, value),
      checkRef: (ref) => this.#reader.checkRef(ref),
    });
    let result: R;
    try {
      result = await change(tx);
    } catch (error) {
      // A refusal counts only when it was judged by one state of the store, and not by two halves of different ones.
      if (answer(() => holds(tx.reads))) throw error;
      return undefined;
    } finally {
      tx.finish();
    }
    if (tx.writes.length === 0) return answer(() => holds(tx.reads)) ? { result } : undefined;
    const isCommitted = await this.#group.write(() => {
      if (!holds(tx.reads)) return false;
      this.#checkCreates(tx.writes);
      for (const write of tx.writes) {
        if (write.kind === 'delete') this.#table.remove(write.ref.collection, write.ref.id);
        else if (write.kind === 'create') this.#table.insert(write.record);
        else this.#table.put(write.record);
      }
      return true;
    });
    return isCommitted ? { result } : undefined;
  }

  #holds(read: TxRead): boolean {
    return read.kind === 'record'
      ? this.#reader.version(read.ref) === read.version
      : this.#reader.pageStateNow(read.query, read.args, read.from) === read.seen;
  }

  /** Before the first write, because a refusal may not leave half a transaction behind. */
  #checkCreates(writes: readonly TxWrite[]): void {
    const isThere = new Map<string, boolean>();
    for (const write of writes) {
      const { collection, id } = write.kind === 'delete' ? write.ref : write.record;
      const name = `${collection}/${id}`;
      if (write.kind === 'create' && (isThere.get(name) ?? this.#table.version(collection, id) !== undefined)) {
        throw exists({ collection, id });
      }
      isThere.set(name, write.kind !== 'delete');
    }
  }
}

async function repeat<R>(tries: number, attempt: () => Promise<R | undefined>): Promise<R | undefined> {
  for (let tried = 0; tried < tries; tried++) {
    const outcome = await attempt();
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function answer<R>(read: () => R): R {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('STORE_UNAVAILABLE', '', { cause });
  }
}

function exists({ collection, id }: { readonly collection: string; readonly id: string }): Failure {
  return new Failure('RECORD_EXISTS', `${collection}/${id}`);
}
