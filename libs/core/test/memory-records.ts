import { compareValues, ModelRecords } from '../contracts/model-records.ts';
import { Failure } from '../src/failure.ts';
import { COLLECTIONS, QUERIES, type QueryDeclaration, type QueryName } from '../src/records/collections.ts';
import { pickedFields } from '../src/records/picked-fields.ts';
import type {
  Change,
  CreateOutcome,
  DeclaredQuery,
  IndexableValue,
  Page,
  QueryArgs,
  Records,
  Ref,
  Stored,
  Tx,
  Watcher,
} from '../src/records/records.ts';

const TRIES = 10;

interface Write {
  readonly kind: 'create' | 'set' | 'delete';
  readonly ref: Ref<object>;
  readonly value?: object;
}

/**
 * Records in memory, for the tests of what is written on top of them. Transactions are optimistic: they run again when what they read
 * has changed. Fields come back in another order than they were written in, as Firestore is free to do.
 */
export class MemoryRecords implements Records {
  readonly #model = new ModelRecords();
  readonly #refs = new Map<string, Ref<object>>();
  readonly #watches = new Set<() => void>();
  /** Every committed write, as `set executions/<id>`. */
  readonly writes: string[] = [];
  /** Single reads and pages outside of transactions. */
  reads = 0;
  /** How often a transaction was begun. */
  transactions = 0;
  /** Called before every single read; throws to refuse it. */
  beforeGet: (ref: Ref<object>) => void = () => undefined;

  async get<T extends object>(ref: Ref<T>): Promise<Stored<T> | undefined> {
    await turn();
    this.reads += 1;
    this.beforeGet(ref);
    return this.#read(ref);
  }

  async getFields<T extends object, F extends keyof T & string>(
    ref: Ref<T>,
    fields: readonly F[],
  ): Promise<Pick<T, F> | undefined> {
    const stored = await this.get(ref);
    return stored && pickedFields(stored.value, fields);
  }

  async create<T extends object>(ref: Ref<T>, value: T): Promise<void> {
    const write: Write = { kind: 'create', ref, value: storable(ref, value) };
    await turn();
    this.#commit([write]);
  }

  async createMany<T extends object>(
    entries: readonly { readonly ref: Ref<T>; readonly value: T }[],
  ): Promise<readonly CreateOutcome[]> {
    const outcomes: CreateOutcome[] = [];
    for (const { ref, value } of entries) {
      const isTaken = this.#read(ref) !== undefined;
      if (!isTaken) this.#commit([{ kind: 'create', ref, value: storable(ref, value) }]);
      outcomes.push(isTaken ? 'exists' : 'created');
    }
    await turn();
    return outcomes;
  }

  async compareAndSet<T extends object>(ref: Ref<T>, version: string, value: T): Promise<boolean> {
    const write: Write = { kind: 'set', ref, value: storable(ref, value) };
    await turn();
    if (this.#read(ref)?.version !== version) return false;
    this.#commit([write]);
    return true;
  }

  async delete(ref: Ref<object>): Promise<void> {
    await turn();
    this.#commit([{ kind: 'delete', ref }]);
  }

  async transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    this.transactions += 1;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { tx, close } = this.#transaction();
      const [outcome] = await Promise.allSettled([change(tx)]);
      await turn();
      const { isCurrent, writes } = close();
      // A refusal counts no more than an answer when it was judged by what is not so any longer.
      if (!isCurrent) continue;
      if (outcome.status === 'rejected') throw outcome.reason;
      this.#commit(writes);
      return outcome.value;
    }
    throw new Failure('STORE_CONTENDED', 'a transaction');
  }

  async page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: string): Promise<Page<T>> {
    await turn();
    this.reads += 1;
    return this.#page(query, args, from);
  }

  async count(query: DeclaredQuery<object>, args: Omit<QueryArgs, 'limit'>): Promise<number> {
    await turn();
    return this.#find(query, args).length;
  }

  watch<T extends object>(ref: Ref<T>, watcher: Watcher<T>): () => void {
    requireRef(ref);
    return this.#watch(() => {
      const stored = this.#read(ref);
      return stored ? [stored] : [];
    }, watcher);
  }

  watchQuery<T extends object>(
    query: DeclaredQuery<T>,
    args: Omit<QueryArgs, 'limit'>,
    watcher: Watcher<T>,
  ): () => void {
    this.#find(query, args);
    return this.#watch(() => this.#find(query, args), watcher);
  }

  async removeExpired(nowMs: number, limit: number): Promise<number> {
    await turn();
    let removed = 0;
    for (const [key, { collection, id }] of this.#refs) {
      const { expires } = COLLECTIONS[collection] as { expires?: string };
      const value = this.#model.get(collection, id)?.value as Record<string, unknown> | undefined;
      const at = expires === undefined ? undefined : value?.[expires];
      if (removed === limit || typeof at !== 'number' || at >= nowMs) continue;
      this.#model.delete(collection, id);
      this.#refs.delete(key);
      removed += 1;
    }
    return removed;
  }

  #transaction(): { readonly tx: Tx; readonly close: () => { isCurrent: boolean; writes: readonly Write[] } } {
    const seen: { readonly now: () => string; readonly before: string }[] = [];
    const writes: Write[] = [];
    let isClosed = false;
    const requireOpen = () => {
      if (isClosed) throw new Failure('RECORDS_MISUSED', 'a transaction that is over');
    };
    const note = (now: () => string) => {
      requireOpen();
      if (writes.length > 0) throw new Failure('RECORDS_MISUSED', 'a read after a write');
      seen.push({ now, before: now() });
    };
    const write = (kind: Write['kind'], ref: Ref<object>, value?: object) => {
      requireOpen();
      writes.push({ kind, ref, ...(value === undefined ? {} : { value: storable(ref, value) }) });
    };
    const tx: Tx = {
      get: async (ref) => {
        note(() => this.#read(ref)?.version ?? 'none');
        const stored = this.#read(ref);
        await turn();
        return stored?.value;
      },
      page: async (query, args, from) => {
        const fingerprint = () => JSON.stringify(this.#page(query, args, from).records.map((r) => [r.id, r.version]));
        note(fingerprint);
        const page = this.#page(query, args, from);
        await turn();
        return page;
      },
      create: (ref, value) => write('create', ref, value),
      set: (ref, value) => write('set', ref, value),
      delete: (ref) => write('delete', ref),
    };
    const close = () => {
      isClosed = true;
      return { isCurrent: seen.every(({ now, before }) => now() === before), writes };
    };
    return { tx, close };
  }

  /** Everything stored, as one text to search. */
  contents(): string {
    return JSON.stringify([...this.#refs.values()].map(({ collection, id }) => this.#model.get(collection, id)));
  }

  #commit(writes: readonly Write[]): void {
    const taken = new Map<string, boolean>();
    for (const { kind, ref } of writes) {
      const key = `${ref.collection}/${ref.id}`;
      const isTaken = taken.get(key) ?? this.#model.get(ref.collection, ref.id) !== undefined;
      if (kind === 'create' && isTaken) throw new Failure('RECORD_EXISTS', ref.id);
      taken.set(key, kind !== 'delete');
    }
    for (const { kind, ref, value } of writes) {
      if (kind === 'delete') this.#model.delete(ref.collection, ref.id);
      else this.#model.set(ref.collection, ref.id, value ?? {});
      this.#refs.set(`${ref.collection}/${ref.id}`, ref);
      this.writes.push(`${kind} ${ref.collection}/${ref.id}`);
    }
    if (writes.length > 0) for (const look of this.#watches) look();
  }

  #read<T extends object>(ref: Ref<T>): Stored<T> | undefined {
    requireRef(ref);
    const record = this.#model.get(ref.collection, ref.id);
    return record && { id: ref.id, value: reordered(record.value) as T, version: String(record.version) };
  }

  #find<T extends object>(query: DeclaredQuery<T>, args: Omit<QueryArgs, 'limit'>): Stored<T>[] {
    const declared: QueryDeclaration | undefined = QUERIES[query.name];
    const listed = declared?.contains === undefined ? [] : [declared.contains];
    const isAsked = [...(declared?.equal ?? []), ...listed].every((field) => args.equal?.[field] !== undefined);
    if (!declared || !isAsked || (declared.oneOf !== undefined && args.oneOf === undefined)) {
      throw new Failure('RECORDS_MISUSED', `query ${query.name}`);
    }
    return this.#model
      .find(query.name, args)
      .map(({ id, value, version }) => ({ id, value: reordered(value) as T, version: String(version) }));
  }

  #page<T extends object>(query: DeclaredQuery<T>, args: QueryArgs, from?: string): Page<T> {
    if (args.limit < 1 || args.limit > 1_000) throw new Failure('RECORDS_MISUSED', `limit ${args.limit}`);
    const found = this.#find(query, args);
    // The key of the last record seen, not its position: records may come and go between pages.
    const rest = from === undefined ? found : found.filter((record) => isBehind(query.name, record, from));
    const records = rest.slice(0, args.limit);
    const last = records.at(-1);
    return last && records.length < rest.length
      ? { records, next: JSON.stringify(orderKey(query.name, last)) }
      : { records };
  }

  #watch<T extends object>(read: () => Stored<T>[], watcher: Watcher<T>): () => void {
    let known: Map<string, string> | undefined;
    let isOver = false;
    const look = () => {
      if (isOver) return;
      const now = read();
      const changes: Change<T>[] = now
        .filter(({ id, version }) => known?.get(id) !== version)
        .map(({ id, value }) => ({ kind: 'present', id, value }));
      for (const id of known?.keys() ?? [])
        if (!now.some((record) => record.id === id)) changes.push({ kind: 'gone', id });
      const isFirst = known === undefined;
      known = new Map(now.map(({ id, version }) => [id, version]));
      if (isFirst || changes.length > 0) tell(watcher, changes);
    };
    this.#watches.add(look);
    queueMicrotask(look);
    return () => {
      isOver = true;
      this.#watches.delete(look);
    };
  }
}

function tell<T extends object>(watcher: Watcher<T>, changes: readonly Change<T>[]): void {
  try {
    watcher.changed(changes);
  } catch {
    // A watcher's trouble is not the writer's.
  }
}

/** Lets others go first: code that expects nothing to happen between two calls is found out. */
function turn(): Promise<void> {
  return Promise.resolve();
}

function requireRef({ collection, id }: Ref<object>): void {
  const isGood = collection in COLLECTIONS && id !== '' && !id.includes('/') && Buffer.byteLength(id) <= 1_500;
  if (!isGood) throw new Failure('RECORDS_MISUSED', `${collection}/${id}`);
}

/** The value as a store keeps it: JSON, but for the one field of bytes. */
function storable(ref: Ref<object>, value: object): object {
  requireRef(ref);
  const bytesField = (COLLECTIONS[ref.collection] as { bytes?: string }).bytes;
  const { [bytesField ?? '']: bytes, ...rest } = value as Record<string, unknown>;
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) throw new Failure('RECORDS_MISUSED', `${bytesField}`);
  const json = JSON.parse(JSON.stringify(rest, requireStorable)) as object;
  return bytes === undefined ? json : { ...json, [bytesField!]: Uint8Array.from(bytes) };
}

function requireStorable(field: string, value: unknown): unknown {
  const isGood = typeof value !== 'number' || Number.isFinite(value);
  if (!isGood || value instanceof Uint8Array) throw new Failure('RECORDS_MISUSED', `field ${field}`);
  return value;
}

function reordered(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, field]) => [name, reordered(field)]),
  );
}

function orderKey(name: QueryName, { id, value }: Stored<object>): readonly IndexableValue[] {
  const fields = value as Record<string, IndexableValue>;
  return [...QUERIES[name].order.map(({ field }) => fields[field]!), id];
}

function isBehind(name: QueryName, record: Stored<object>, cursor: string): boolean {
  const { order } = QUERIES[name];
  const from = JSON.parse(cursor) as readonly IndexableValue[];
  for (const [index, value] of orderKey(name, record).entries()) {
    const compared = compareValues(value, from[index]!);
    if (compared !== 0) return (order[Math.min(index, order.length - 1)]!.direction === 'asc') === compared > 0;
  }
  return false;
}
