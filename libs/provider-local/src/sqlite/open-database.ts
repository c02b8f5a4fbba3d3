import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process holds the database: a server that is still there. */
export class DatabaseInUse extends Error {
  constructor(path: string, options: ErrorOptions) {
    super(`${path} is in use by another process. Stop that one first.`, options);
    this.name = 'DatabaseInUse';
  }
}

const MODE = 0o600;
const BUSY_TIMEOUT_MS = 2_000;
/**
 * Of databases that are new; an older one keeps its own. SQLite writes a page into the log and later into the file, with calls of
 * the system for each: a batch of lines has 100 KiB, and costs two thirds of what it does with SQLite's own 4 KiB. Small records cost
 * the same.
 */
const PAGE_BYTES = 16_384;
/** How much gathers in the log before it is moved into the file: what SQLite has with pages of its own size. */
const LOG_BYTES = 4_096_000;

/**
 * Opens or creates a database file that only its owner can read, in WAL with a full fsync for every commit.
 *
 * The connection keeps the file to itself: versions, watches and event leases are known to this process alone, so a second
 * writer would break their promises silently. It also spares two locks for every read. Throws
 * `DatabaseInUse` when another process holds the file.
 */
export function openDatabase(path: string): DatabaseSync {
  const onDisk = path !== ':memory:';
  if (onDisk) createPrivateFile(path);
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: BUSY_TIMEOUT_MS });
  try {
    if (onDisk) {
      // In this order: pages have their size before there is one, and a connection that is exclusive before its first access needs
      // no shared-memory file.
      database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;`);
      const { page_size } = database.prepare('PRAGMA page_size').get() as { page_size: number };
      database.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${Math.ceil(LOG_BYTES / page_size)};`);
      database.exec('BEGIN IMMEDIATE; COMMIT;');
    }
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new DatabaseInUse(path, { cause: error });
    throw new Error(`${path} cannot be opened as a database: ${(error as Error).message}`, { cause: error });
  }
}

/** SQLite gives its write-ahead log the mode of the database file, so that one must be right before SQLite sees it. */
function createPrivateFile(path: string): void {
  const isNew = !existsSync(path);
  closeSync(openSync(path, 'a', MODE));
  if (isNew) syncDirectory(dirname(path));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, MODE);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** True when somebody else holds the database. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [SQLITE_BUSY, SQLITE_LOCKED].includes(code & 0xff);
}
