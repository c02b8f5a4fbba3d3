import { randomBytes, randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DATA_KEY_BYTES } from '@runvoy/core';
import type { DataKey } from '@runvoy/core';

const KEY_ID_BYTES = 6;
const FILE_MODE = 0o600;
const FOR_OTHERS = 0o077;

/** The keys of a vault: values are sealed with the current one and opened with any. */
export interface VaultKeys {
  readonly current: DataKey;
  /** The others, in the order of the file. */
  readonly older: readonly DataKey[];
  find(id: string): Uint8Array | undefined;
}

/** As the file spells them: `current` names one of `keys`, each 32 bytes in base64url. */
interface KeyFile {
  readonly current: string;
  readonly keys: Readonly<Record<string, string>>;
}

/**
 * Reads the key file, after creating it with one new key when there is none.
 *
 * Throws an Error that says what to do when others may read the file, or when it does not hold keys.
 */
export async function openVaultKeys(path: string): Promise<VaultKeys> {
  await createKeyFile(path);
  const { mode } = await stat(path);
  if (mode & FOR_OTHERS) {
    const found = (mode & 0o777).toString(8).padStart(4, '0');
    throw new Error(`The key file ${path} has mode ${found}: others may use it. Run: chmod 600 ${path}`);
  }
  const { current, keys } = parseKeyFile(await readFile(path, 'utf8'), path);
  const byId = new Map(Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64url')]));
  const older = [...byId].filter(([id]) => id !== current).map(([id, key]) => ({ id, key }));
  return { current: { id: current, key: byId.get(current)! }, older, find: (id) => byId.get(id) };
}

/**
 * Adds a new key to the file and names it as the current one; answers all keys as they are then. The file is replaced as a whole: after
 * a crash it is the old one or the new one. One process at a time, like the data directory that it lies in.
 */
export async function addVaultKey(path: string): Promise<VaultKeys> {
  const { keys } = parseKeyFile(await readFile(path, 'utf8'), path);
  const id = randomBytes(KEY_ID_BYTES).toString('hex');
  const aside = `${path}.${randomUUID()}`;
  try {
    await writeDurably(aside, { current: id, keys: { ...keys, [id]: newKeyText() } });
    await rename(aside, path);
    await syncDirectory(path);
  } finally {
    await rm(aside, { force: true });
  }
  return openVaultKeys(path);
}

/** Written aside and then linked: two processes at once agree on one file, and a crash leaves none that is half written. */
async function createKeyFile(path: string): Promise<void> {
  if (await isThere(path)) return;
  const id = randomBytes(KEY_ID_BYTES).toString('hex');
  const aside = `${path}.${randomUUID()}`;
  try {
    await writeDurably(aside, { current: id, keys: { [id]: newKeyText() } });
    await link(aside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncDirectory(path);
  } finally {
    await rm(aside, { force: true });
  }
}

const newKeyText = () => randomBytes(DATA_KEY_BYTES).toString('base64url');

async function writeDurably(path: string, content: KeyFile): Promise<void> {
  await using file = await open(path, 'wx', FILE_MODE);
  await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
  await file.sync();
}

/** Makes it durable that a name in this directory stands for another file now. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

function parseKeyFile(text: string, path: string): KeyFile {
  const broken = (why: string) =>
    new Error(`The key file ${path} ${why}. Restore it from a backup: without it, sealed values stay closed.`);
  let parsed: Partial<KeyFile> | null;
  try {
    parsed = JSON.parse(text) as Partial<KeyFile> | null;
  } catch {
    // The parser's own message quotes the text, which may be a key.
    throw broken('is not JSON');
  }
  const { current, keys } = parsed ?? {};
  if (typeof current !== 'string' || typeof keys !== 'object' || keys === null || !Object.hasOwn(keys, current)) {
    throw broken('names no current key');
  }
  for (const [id, key] of Object.entries(keys)) {
    const isKey = typeof key === 'string' && Buffer.from(key, 'base64url').length === DATA_KEY_BYTES;
    if (!isKey || !/^[A-Za-z0-9_-]+$/.test(id))
      throw broken(`holds something else than a key under ${JSON.stringify(id)}`);
  }
  return { current, keys };
}
