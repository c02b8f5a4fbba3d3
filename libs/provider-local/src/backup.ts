import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BACKUP, fingerprint, inspectCopy, type BackupManifest } from './backup-manifest.ts';
import { makeDirectories, pathsIn } from './data-dir.ts';
import type { LocalEventBus } from './event-bus.ts';
import type { SqliteRecords } from './records.ts';
import { copyDatabase } from './sqlite/copy-database.ts';
import { prepareQueue } from './sqlite/event-queue.ts';
import { lockName } from './sqlite/name-lock.ts';
import { openDatabase } from './sqlite/open-database.ts';

/** What of a server, or of a directory without one, is copied. */
export interface BackupSource {
  readonly dataDir: string;
  readonly records: Pick<SqliteRecords, 'copyInto'>;
  readonly bus: Pick<LocalEventBus, 'copyInto'>;
}

const PRIVATE_DIR = 0o700;
const PRIVATE_FILE = 0o600;
/** Behind the name of a backup that is being written: nothing under the final name is ever half of one. */
export const UNFINISHED = '.unfinished';

/**
 * Writes a backup as a new directory while the server goes on: records and queue of one moment, and every blob that the records name.
 * Never a key. What was written is looked over, made durable, and only then given its name.
 *
 * Throws an Error fit to be shown when the name is taken or something goes wrong; nothing is left under the name then.
 */
export async function writeBackup(
  { dataDir, records, bus }: BackupSource,
  to: string,
  about: { readonly nowMs: number; readonly version: string },
): Promise<BackupManifest> {
  using _ = openTarget(to);
  const aside = to + UNFINISHED;
  const from = pathsIn(dataDir);
  try {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: PRIVATE_DIR });
    const archive = join(aside, BACKUP.archive);
    // Before and after: what the records name at their moment was there before it, or came since.
    await copyBlobs(from.archive, archive);
    await records.copyInto(join(aside, BACKUP.database), () => bus.copyInto(join(aside, BACKUP.queue)));
    const blobs = await copyBlobs(from.archive, archive);
    const manifest = await manifestOf(aside, blobs, { ...about, vaultKeys: await vaultKeyIds(from.vaultKeys) });
    await writeFile(join(aside, BACKUP.manifest), `${JSON.stringify(manifest, null, 2)}\n`, { mode: PRIVATE_FILE });
    await syncTree(aside);
    await rename(aside, to);
    await syncOne(dirname(to));
    return manifest;
  } catch (cause) {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
    throw new Error(`The backup ${to} was not made: ${(cause as Error).message}`, { cause });
  }
}

/** Makes the name ours alone until the backup has it, or has failed: what another one is writing under it is not ours to remove. */
function openTarget(to: string): Disposable {
  const parent = dirname(to);
  let alone: Disposable | undefined;
  try {
    makeDirectories(parent);
    alone = lockName(to + UNFINISHED);
  } catch (cause) {
    throw new Error(`The backup ${to} was not made: nothing can be written in ${parent}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!alone) throw new Error(`Another backup is being written to ${to}. Wait for it, or name another directory.`);
  if (!existsSync(to)) return alone;
  alone[Symbol.dispose]();
  throw new Error(`${to} is there already. Name a directory that is not; a backup replaces none.`);
}

/**
 * The same for a directory that no server uses, as it is: data of an earlier version is copied unchanged. Throws `DatabaseInUse`
 * when somebody does use it.
 */
export async function backupDirectory(
  dataDir: string,
  to: string,
  about: { readonly nowMs: number; readonly version: string },
): Promise<BackupManifest> {
  const paths = pathsIn(dataDir);
  if (!existsSync(paths.database)) throw new Error(`There is no data of runvoy in ${dataDir}.`);
  using opened = new DisposableStack();
  const database = opened.adopt(openDatabase(paths.database), (one) => one.close());
  const hasQueue = existsSync(paths.queue);
  const queue = opened.adopt(openDatabase(hasQueue ? paths.queue : ':memory:'), (one) => one.close());
  if (!hasQueue) prepareQueue(queue, about.nowMs);
  const nobodyWrites = () => undefined;
  return await writeBackup(
    {
      dataDir,
      records: {
        async copyInto(path, beside) {
          await copyDatabase(database, path, nobodyWrites);
          await beside?.();
        },
      },
      bus: { copyInto: (path) => copyDatabase(queue, path, nobodyWrites) },
    },
    to,
    about,
  );
}

async function manifestOf(
  aside: string,
  blobs: readonly string[],
  { nowMs, version, vaultKeys }: { nowMs: number; version: string; vaultKeys: readonly string[] },
): Promise<BackupManifest> {
  const { versions, counts } = inspectCopy(aside);
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of [BACKUP.database, BACKUP.queue]) {
    await chmod(join(aside, name), PRIVATE_FILE);
    files[name] = await fingerprint(join(aside, name));
  }
  for (const blob of blobs) files[`${BACKUP.archive}/${blob}`] = await fingerprint(join(aside, BACKUP.archive, blob));
  return {
    format: 1,
    made_at: new Date(nowMs).toISOString(),
    runvoy_version: version,
    versions,
    counts: { ...counts, blobs: blobs.length },
    files,
    vault_keys: vaultKeys,
  };
}

/** Copies the blobs that are not there yet; names all there are. A blob never changes, and may go while we look. */
async function copyBlobs(from: string, to: string): Promise<readonly string[]> {
  await mkdir(to, { recursive: true, mode: PRIVATE_DIR });
  if (existsSync(from)) {
    for (const name of await filesBelow(from)) {
      if (name.startsWith('+unfinished/') || existsSync(join(to, name))) continue;
      await mkdir(dirname(join(to, name)), { recursive: true, mode: PRIVATE_DIR });
      await copyFile(join(from, name), join(to, name)).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' || existsSync(join(from, name))) throw error;
        await rm(join(to, name), { force: true });
      });
    }
  }
  return filesBelow(to);
}

/** Paths of all files below a directory, relative to it, with `/`. */
export async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted();
}

/** Ids alone: who restores has to know which key is missing. */
async function vaultKeyIds(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  const { keys = {} } = JSON.parse(text) as { readonly keys?: object };
  return Object.keys(keys);
}

/** Makes a directory and everything below durable. */
export async function syncTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) await syncOne(join(entry.parentPath, entry.name));
  await syncOne(directory);
}

export async function syncOne(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
