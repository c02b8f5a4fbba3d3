import type { DatabaseSync } from 'node:sqlite';
import type { Declarations } from './declarations.ts';
import { indexEntries } from './index-entries.ts';
import type { IndexedQuery } from './index-entries.ts';
import type { Migrations } from './migrations.ts';

/** The version of the tables below. A change needs a step in `migrations.ts`. */
export const SCHEMA_VERSION = 1;

/**
 * Documents lie in the order they were written, so that new ones never split pages; `bytes` comes last, so that
 * reading the rest of a row does not walk through it. Index entries are the table itself, ordered by key.
 */
const TABLES = `
  CREATE TABLE documents (
    rowid INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires REAL,
    json TEXT NOT NULL,
    bytes BLOB
  );
  CREATE UNIQUE INDEX documents_by_id ON documents (collection, id);
  CREATE INDEX documents_by_expiry ON documents (expires) WHERE expires IS NOT NULL;
  CREATE TABLE index_entries (
    query INTEGER NOT NULL,
    key BLOB NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (query, key)
  ) WITHOUT ROWID;
  CREATE TABLE queries (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration TEXT NOT NULL);
`;

const SCHEMA = 'schema';
const COLLECTION = 'collection:';

/**
 * Brings a database to this code's tables, shapes and indexes, in one transaction, and answers its queries.
 *
 * Throws an Error that names both versions when the data is newer than the code, or when a step between them is missing.
 */
export function prepareSchema(database: DatabaseSync, declared: Declarations, migrations: Migrations): IndexedQuery[] {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID');
    const meta = metaOf(database);
    migrateTables(database, meta, migrations);
    const changed = migrateCollections(database, meta, declared, migrations);
    const queries = migrateQueries(database, declared, changed);
    database.exec('COMMIT');
    return queries;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Small facts about the database as a whole. */
export interface Meta {
  read(name: string): number | undefined;
  write(name: string, value: number): void;
}

export function metaOf(database: DatabaseSync): Meta {
  const select = database.prepare('SELECT value FROM meta WHERE name = ?');
  const upsert = database.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
  return {
    read: (name) => select.get(name)?.value as number | undefined,
    write: (name, value) => void upsert.run(name, value),
  };
}

function migrateTables(database: DatabaseSync, meta: Meta, { schema }: Migrations): void {
  const stored = meta.read(SCHEMA);
  if (stored === undefined) {
    database.exec(TABLES);
  } else {
    for (const to of steps('the local store', stored, SCHEMA_VERSION)) {
      const step = schema.find((migration) => migration.to === to);
      if (!step) throw missingStep('the local store', to);
      database.exec(step.sql);
    }
  }
  if (stored !== SCHEMA_VERSION) meta.write(SCHEMA, SCHEMA_VERSION);
}

/** Answers the collections whose values were changed: their index entries are no longer right. */
function migrateCollections(
  database: DatabaseSync,
  meta: Meta,
  declared: Declarations,
  { collections }: Migrations,
): Set<string> {
  const changed = new Set<string>();
  for (const [collection, { version, expires }] of Object.entries(declared.collections)) {
    const stored = meta.read(COLLECTION + collection);
    for (const to of steps(`collection ${collection}`, stored ?? version, version)) {
      const step = collections.find((migration) => migration.collection === collection && migration.to === to);
      if (!step) throw missingStep(`collection ${collection}`, to);
      rewriteValues(database, collection, step.change, expires);
      changed.add(collection);
    }
    if (stored !== version) meta.write(COLLECTION + collection, version);
  }
  return changed;
}

function rewriteValues(
  database: DatabaseSync,
  collection: string,
  change: (value: Record<string, unknown>) => Record<string, unknown>,
  expires: string | undefined,
): void {
  const rows = database.prepare(
    'SELECT rowid, json FROM documents WHERE collection = ? AND rowid > ? ORDER BY rowid LIMIT 1',
  );
  const update = database.prepare('UPDATE documents SET json = ?, expires = ? WHERE rowid = ?');
  // One row at a time by its number: a cursor held open over rows that are being rewritten has no defined order.
  for (let row = rows.get(collection, 0); row; row = rows.get(collection, row.rowid as number)) {
    const value = change(JSON.parse(row.json as string));
    update.run(JSON.stringify(value), (expires && (value[expires] as number)) || null, row.rowid as number);
  }
}

/** Forgets the indexes of queries that are gone or changed, and builds those that are new. */
function migrateQueries(database: DatabaseSync, declared: Declarations, changed: ReadonlySet<string>): IndexedQuery[] {
  const stored = new Map<string, { number: number; declaration: string }>();
  for (const row of database.prepare('SELECT number, name, declaration FROM queries').all()) {
    stored.set(row.name as string, { number: row.number as number, declaration: row.declaration as string });
  }
  const forget = database.prepare('DELETE FROM index_entries WHERE query = ?');
  const drop = database.prepare('DELETE FROM queries WHERE number = ?');
  const add = database.prepare('INSERT INTO queries (name, declaration) VALUES (?, ?)');
  const buildIndex = indexBuilder(database);

  for (const [name, { number }] of stored) {
    if (name in declared.queries) continue;
    forget.run(number);
    drop.run(number);
  }
  return Object.entries(declared.queries).map(([name, declaration]) => {
    const text = JSON.stringify(declaration);
    const known = stored.get(name);
    if (known?.declaration === text && !changed.has(declaration.collection)) {
      return { name, number: known.number, declaration };
    }
    if (known) {
      forget.run(known.number);
      drop.run(known.number);
    }
    const query = { name, number: Number(add.run(name, text).lastInsertRowid), declaration };
    buildIndex(query);
    return query;
  });
}

/** Prepared once: a new database has an index to build for each query, over nothing yet. */
function indexBuilder(database: DatabaseSync): (query: IndexedQuery) => void {
  const rows = database.prepare('SELECT rowid, id, json FROM documents WHERE collection = ?');
  const insert = database.prepare('INSERT INTO index_entries VALUES (?, ?, ?)');
  return (query) => {
    for (const row of rows.iterate(query.declaration.collection)) {
      for (const entry of indexEntries([query], row.id as string, JSON.parse(row.json as string))) {
        insert.run(entry.query, entry.key, row.rowid as number);
      }
    }
  };
}

function steps(what: string, stored: number, wanted: number): number[] {
  if (stored > wanted) {
    throw new Error(
      `The data was written by a newer version: ${what} has version ${stored}, this program knows ${wanted}. Update the program.`,
    );
  }
  return Array.from({ length: wanted - stored }, (_, step) => stored + step + 1);
}

function missingStep(what: string, to: number): Error {
  return new Error(`The data cannot be brought up to date: no step leads ${what} from version ${to - 1} to ${to}.`);
}
