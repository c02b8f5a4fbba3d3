import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fingerprint, inspectCopy, readManifest, type BackupManifest } from './backup-manifest.ts';
import { syncOne, syncTree, UNFINISHED } from './backup.ts';
import { makeDirectories, pathsIn } from './data-dir.ts';
import { endUnfinished } from './restore/end-unfinished.ts';
import { lockName } from './sqlite/name-lock.ts';
import { DatabaseInUse, openDatabase } from './sqlite/open-database.ts';

/** What became of a restore. */
export interface Restored {
  readonly manifest: BackupManifest;
  /** Where what was there before lies now. */
  readonly before?: string;
  /** Runs that had not ended when the backup was made: here they are over. */
  readonly ended: number;
  /** Keys that sealed values need and that are not here. */
  readonly missingKeys: readonly string[];
}

const PRIVATE_DIR = 0o700;
const PRIVATE_FILE = 0o600;
/** What belongs to this machine and not to a backup, and goes on being of use. */
const KEPT = ['vault-keys.json', 'signing-keys.json', 'isolation.json'];

/**
 * Makes a data directory of a backup. It is put together aside, looked over and made durable, and takes its place by a rename: a crash
 * leaves what was there, or all of the new. What was there before is kept beside it, never deleted; its keys are copied into the new.
 *
 * Throws an Error fit to be shown, and changes nothing, when the backup is damaged or newer than this program, when a server is
 * running there, when another restore is at work on it, or when there is something and `force` is not given.
 */
export async function restoreBackup(
  from: string,
  dataDir: string,
  { force, nowMs }: { readonly force: boolean; readonly nowMs: number },
): Promise<Restored> {
  const manifest = await readManifest(from);
  const isThere = existsSync(dataDir) && (await readdir(dataDir)).length > 0;
  // First of all: to force it would be refused as well.
  if (isThere) requireNoServer(dataDir);
  if (isThere && !force) {
    throw new Error(
      `${dataDir} is not empty. --force puts the backup in its place, and keeps what is there beside it.`,
    );
  }
  const aside = dataDir + UNFINISHED;
  makeDirectories(dirname(dataDir));
  using alone = lockName(aside);
  if (!alone) throw new Error(`Another restore is putting a backup into ${dataDir}. Nothing was changed.`);
  let ended: number;
  try {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: PRIVATE_DIR });
    await copyChecked(from, aside, manifest);
    ended = await endUnfinished(pathsIn(aside).database, Date.parse(manifest.made_at));
    for (const name of isThere ? KEPT : []) await copyKept(join(dataDir, name), join(aside, name));
    await syncTree(aside);
  } catch (cause) {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
    throw new Error(`Nothing was restored: ${(cause as Error).message}`, { cause });
  }
  const before = isThere ? `${dataDir}.before-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}` : undefined;
  if (before !== undefined) await rename(dataDir, before);
  await rename(aside, dataDir);
  await syncOne(dirname(dataDir));
  const missingKeys = await missingOf(manifest.vault_keys, pathsIn(dataDir).vaultKeys);
  return { manifest, ended, missingKeys, ...(before === undefined ? {} : { before }) };
}

/** The database is the lock of its directory: whoever can open it is alone. */
function requireNoServer(dataDir: string): void {
  const { database } = pathsIn(dataDir);
  if (!existsSync(database)) {
    throw new Error(`${dataDir} holds files and is no data directory of runvoy. Name another with --data-dir.`);
  }
  try {
    openDatabase(database).close();
  } catch (error) {
    // What cannot be opened for another reason is what one restores for.
    if (!(error instanceof DatabaseInUse)) return;
    throw new Error(`A server is running in ${dataDir}. Stop it first; nothing was changed.`, { cause: error });
  }
}

async function copyChecked(from: string, to: string, manifest: BackupManifest): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const target = join(to, name);
    if (!target.startsWith(`${to}/`) || name.split('/').includes('..'))
      throw new Error(`${name} leads out of the backup.`);
    await mkdir(dirname(target), { recursive: true, mode: PRIVATE_DIR });
    await copyFile(join(from, name), target);
    await chmod(target, PRIVATE_FILE);
    const found = await fingerprint(target);
    if (found.bytes === expected.bytes && found.sha256 === expected.sha256) continue;
    throw new Error(
      `${join(from, name)} is not as it was written: ${found.bytes} bytes of ${expected.bytes}, SHA-256 ${found.sha256}.`,
    );
  }
  const { counts } = inspectCopy(to);
  const { blobs: _, ...stated } = manifest.counts;
  const asText = ({ records, events, dead_letters }: typeof counts) =>
    JSON.stringify([Object.entries(records).toSorted(), events, dead_letters]);
  if (asText(counts) !== asText(stated)) throw new Error(`${from} does not hold what it says it does.`);
}

async function copyKept(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await copyFile(from, to);
  await chmod(to, PRIVATE_FILE);
}

async function missingOf(wanted: readonly string[], keyFile: string): Promise<readonly string[]> {
  const text = await readFile(keyFile, 'utf8').catch(() => '{}');
  const { keys = {} } = JSON.parse(text) as { readonly keys?: object };
  return wanted.filter((id) => !Object.hasOwn(keys, id));
}
