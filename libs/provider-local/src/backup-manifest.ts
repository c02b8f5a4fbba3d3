import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DECLARED } from './sqlite/declarations.ts';
import { QUEUE_VERSION } from './sqlite/event-queue.ts';
import { metaOf, SCHEMA_VERSION } from './sqlite/schema.ts';

/** What a backup says of itself, in `backup.json`: enough to know whether this program can read it and whether all of it is there. */
export interface BackupManifest {
  readonly format: 1;
  /** RFC 3339: the moment it is of. */
  readonly made_at: string;
  readonly runvoy_version: string;
  readonly versions: Versions;
  readonly counts: Counts;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  /** Ids of the keys that what is sealed in it opens with; never a key. */
  readonly vault_keys: readonly string[];
}

interface Versions {
  readonly schema: number;
  readonly event_queue: number;
  readonly collections: Readonly<Record<string, number>>;
}

interface Counts {
  /** By collection. */
  readonly records: Readonly<Record<string, number>>;
  readonly events: number;
  readonly dead_letters: number;
  readonly blobs: number;
}

/** Names within a backup. */
export const BACKUP = {
  manifest: 'backup.json',
  database: 'runvoy.sqlite',
  queue: 'events.sqlite',
  archive: 'archive',
} as const;

const FORMAT = 1;

/** Looks a copy over: whole, in what versions, how much of what. Throws an Error that says which file is not whole. */
export function inspectCopy(directory: string): {
  readonly versions: Versions;
  readonly counts: Omit<Counts, 'blobs'>;
} {
  const stored = withCopy(join(directory, BACKUP.database), (database) => {
    const meta = metaOf(database);
    const rows = database.prepare('SELECT collection, count(*) AS records FROM documents GROUP BY collection').all();
    const names = Object.keys(DECLARED.collections);
    const collections = names.map((name) => [name, meta.read(`collection:${name}`) ?? 0] as const);
    return {
      schema: meta.read('schema') ?? 0,
      collections: Object.fromEntries(collections),
      records: Object.fromEntries(rows.map((row) => [row.collection as string, row.records as number])),
    };
  });
  const queue = withCopy(join(directory, BACKUP.queue), (database) => ({
    event_queue: metaOf(database).read('event_queue') ?? 0,
    events: countOf(database, 'events'),
    dead_letters: countOf(database, 'dead_letters'),
  }));
  const { schema, collections, records } = stored;
  const { event_queue, events, dead_letters } = queue;
  return { versions: { schema, event_queue, collections }, counts: { records, events, dead_letters } };
}

/** Runs `read` on a database file that nobody else uses, once it has proven to be whole. Leaves one file, without a log beside it. */
function withCopy<R>(path: string, read: (database: DatabaseSync) => R): R {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;');
    const answer = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
    if (answer !== 'ok') throw new Error(`${path} is damaged: ${String(answer)}`);
    return read(database);
  } finally {
    database.close();
  }
}

function countOf(database: DatabaseSync, table: 'events' | 'dead_letters'): number {
  return database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'] as number;
}

/** Size and digest of a file, read as a stream. */
export async function fingerprint(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}

/** Reads what a backup says of itself. Throws an Error fit to be shown when it is none, or newer than this program. */
export async function readManifest(directory: string): Promise<BackupManifest> {
  const path = join(directory, BACKUP.manifest);
  let manifest: Partial<BackupManifest>;
  try {
    manifest = JSON.parse(await readFile(path, 'utf8')) as Partial<BackupManifest>;
  } catch (cause) {
    throw new Error(`${directory} is not a backup of runvoy: ${(cause as Error).message}`, { cause });
  }
  if (typeof manifest.format !== 'number' || !manifest.versions || !manifest.files || !manifest.counts) {
    throw new Error(`${directory} is not a backup of runvoy: ${BACKUP.manifest} does not say what it holds.`);
  }
  requireKnown('the backup', manifest.format, FORMAT);
  requireKnown('the local store', manifest.versions.schema, SCHEMA_VERSION);
  requireKnown('the event queue', manifest.versions.event_queue, QUEUE_VERSION);
  for (const [name, version] of Object.entries(manifest.versions.collections)) {
    requireKnown(`collection ${name}`, version, DECLARED.collections[name]?.version ?? 0);
  }
  return manifest as BackupManifest;
}

function requireKnown(what: string, stored: number, known: number): void {
  if (stored <= known) return;
  throw new Error(
    `The backup was written by a newer version: ${what} has version ${stored}, this program knows ${known}. Update the program.`,
  );
}
