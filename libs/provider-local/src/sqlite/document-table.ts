import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { indexEntries } from './index-entries.ts';
import type { IndexEntry, IndexedQuery } from './index-entries.ts';
import type { RecordShape } from './record-shape.ts';
import { metaOf } from './schema.ts';

/** A document as it lies in the table. */
export interface DocumentRow {
  readonly rowid: number;
  readonly id: string;
  readonly version: number;
  readonly json: string;
  readonly bytes: Uint8Array | null;
}

/** What one write did to one document; `now` is absent when it was removed. */
export interface DocumentChange {
  readonly collection: string;
  readonly id: string;
  readonly now?: { readonly json: string; readonly bytes: Uint8Array | null };
  readonly entriesBefore: readonly IndexEntry[];
  readonly entriesNow: readonly IndexEntry[];
}

/** How many versions are set aside by one write to the meta table. */
const VERSION_BLOCK = 1_000_000;
const VERSIONS_TAKEN = 'versions_taken';

/** Reads and writes documents and keeps their index entries true. Writes happen inside a group's transaction. */
export class DocumentTable {
  readonly #queriesOf = new Map<string, IndexedQuery[]>();
  readonly #meta;
  readonly #select: StatementSync;
  readonly #selectRow: StatementSync;
  readonly #selectVersion: StatementSync;
  readonly #selectRowVersion: StatementSync;
  readonly #selectExpired: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #deleteEntry: StatementSync;
  #nextVersion: number;
  #lastVersion: number;
  #changes: DocumentChange[] = [];
  #writes = 0;

  constructor(database: DatabaseSync, queries: readonly IndexedQuery[]) {
    for (const query of queries) {
      const { collection } = query.declaration;
      this.#queriesOf.set(collection, [...this.queriesOf(collection), query]);
    }
    this.#meta = metaOf(database);
    this.#select = database.prepare(
      'SELECT rowid, id, version, json, bytes FROM documents WHERE collection = ? AND id = ?',
    );
    this.#selectRow = database.prepare('SELECT rowid, id, version, json, bytes FROM documents WHERE rowid = ?');
    this.#selectVersion = database.prepare('SELECT version FROM documents WHERE collection = ? AND id = ?');
    this.#selectRowVersion = database.prepare('SELECT version FROM documents WHERE rowid = ?');
    this.#selectExpired = database.prepare(
      'SELECT collection, id FROM documents WHERE expires < ? ORDER BY expires LIMIT ?',
    );
    this.#insert = database.prepare(
      'INSERT INTO documents (collection, id, version, expires, json, bytes) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#update = database.prepare(
      'UPDATE documents SET version = ?, expires = ?, json = ?, bytes = ? WHERE rowid = ?',
    );
    this.#delete = database.prepare('DELETE FROM documents WHERE rowid = ?');
    this.#insertEntry = database.prepare('INSERT INTO index_entries VALUES (?, ?, ?)');
    this.#deleteEntry = database.prepare('DELETE FROM index_entries WHERE query = ? AND key = ?');
    // Versions of an earlier opening are never given again, even if their documents were deleted.
    this.#nextVersion = this.#lastVersion = this.#meta.read(VERSIONS_TAKEN) ?? 0;
  }

  queriesOf(collection: string): readonly IndexedQuery[] {
    return this.#queriesOf.get(collection) ?? [];
  }

  /** Grows with every write tried: equal counts mean that nothing has changed in between. */
  get writes(): number {
    return this.#writes;
  }

  find(collection: string, id: string): DocumentRow | undefined {
    return this.#select.get(collection, id) as unknown as DocumentRow | undefined;
  }

  row(rowid: number): DocumentRow {
    return this.#selectRow.get(rowid) as unknown as DocumentRow;
  }

  version(collection: string, id: string): number | undefined {
    return this.#selectVersion.get(collection, id)?.version as number | undefined;
  }

  rowVersion(rowid: number): number {
    return this.#selectRowVersion.get(rowid)?.version as number;
  }

  expired(before: number, limit: number): { readonly collection: string; readonly id: string }[] {
    return this.#selectExpired.all(before, limit) as unknown as { collection: string; id: string }[];
  }

  /** Creates or replaces. */
  put(record: RecordShape): void {
    const { collection, id, json, bytes, expires } = record;
    const before = this.find(collection, id);
    if (!before) return this.insert(record);
    this.#writes++;
    const entriesBefore = this.#entries(collection, before);
    const entriesNow = indexEntries(this.queriesOf(collection), id, record.value);
    this.#update.run(this.#takeVersion(), expires, json, bytes, before.rowid);
    this.#reindex(before.rowid, entriesBefore, entriesNow);
    this.#changes.push({ collection, id, now: { json, bytes }, entriesBefore, entriesNow });
  }

  /** Creates what the caller has found absent. */
  insert({ collection, id, json, bytes, expires, value }: RecordShape): void {
    this.#writes++;
    const entriesNow = indexEntries(this.queriesOf(collection), id, value);
    const { lastInsertRowid } = this.#insert.run(collection, id, this.#takeVersion(), expires, json, bytes);
    for (const { query, key } of entriesNow) this.#insertEntry.run(query, key, lastInsertRowid);
    this.#changes.push({ collection, id, now: { json, bytes }, entriesBefore: [], entriesNow });
  }

  /** Deletes when present, and says whether it was. */
  remove(collection: string, id: string): boolean {
    this.#writes++;
    const before = this.find(collection, id);
    if (!before) return false;
    const entriesBefore = this.#entries(collection, before);
    this.#delete.run(before.rowid);
    this.#reindex(before.rowid, entriesBefore, []);
    this.#changes.push({ collection, id, entriesBefore, entriesNow: [] });
    return true;
  }

  /** What the group's writes did, in order; forgets it. */
  takeChanges(): DocumentChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** The group's writes were undone, among them maybe the one that set versions aside. */
  forgetChanges(): void {
    this.#changes = [];
    this.#lastVersion = this.#nextVersion;
  }

  #entries(collection: string, row: DocumentRow): IndexEntry[] {
    const queries = this.queriesOf(collection);
    return queries.length === 0 ? [] : indexEntries(queries, row.id, JSON.parse(row.json) as Record<string, unknown>);
  }

  #reindex(rowid: number, before: readonly IndexEntry[], now: readonly IndexEntry[]): void {
    const same = (a: IndexEntry, b: IndexEntry) => a.query === b.query && a.key.equals(b.key);
    for (const old of before) if (!now.some((entry) => same(entry, old))) this.#deleteEntry.run(old.query, old.key);
    for (const entry of now) {
      if (!before.some((old) => same(old, entry))) this.#insertEntry.run(entry.query, entry.key, rowid);
    }
  }

  #takeVersion(): number {
    if (this.#nextVersion === this.#lastVersion) {
      this.#lastVersion += VERSION_BLOCK;
      this.#meta.write(VERSIONS_TAKEN, this.#lastVersion);
    }
    return ++this.#nextVersion;
  }
}
