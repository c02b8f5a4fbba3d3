import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** Where everything of one server lies. */
export interface DataDir {
  readonly path: string;
  readonly database: string;
  readonly queue: string;
  readonly vaultKeys: string;
  readonly signingKeys: string;
  readonly archive: string;
  readonly serverLog: string;
  readonly serverFile: string;
  readonly clientFile: string;
  /** The Unix socket of the event intake; elsewhere when the directory's own path is too long for one. */
  readonly intakeSocket: string;
}

/** A socket's path has 108 bytes on Linux and 104 on macOS, terminator included. */
const SOCKET_PATH_BYTES = 103;
const PRIVATE_DIR = 0o700;

/** Creates the directory for this user alone. Throws an Error fit to be shown when it cannot be used. */
export function openDataDir(path: string): DataDir {
  requireOurs(path);
  try {
    makeDirectories(path);
    chmodSync(path, PRIVATE_DIR);
    writeFileSync(join(path, '.writable'), '');
    rmSync(join(path, '.writable'));
  } catch (error) {
    throw new Error(
      `The data directory ${path} cannot be used: ${(error as Error).message}. Choose another with --data-dir or RUNVOY_DATA_DIR.`,
      { cause: error },
    );
  }
  return { ...pathsIn(path), intakeSocket: socketPath(path) };
}

/** Where things lie in a data directory, whether there is one or not. */
export function pathsIn(path: string): Omit<DataDir, 'intakeSocket'> {
  return {
    path,
    database: join(path, 'runvoy.sqlite'),
    queue: join(path, 'events.sqlite'),
    vaultKeys: join(path, 'vault-keys.json'),
    signingKeys: join(path, 'signing-keys.json'),
    archive: join(path, 'archive'),
    serverLog: join(path, 'server.log'),
    serverFile: join(path, 'server.json'),
    clientFile: join(path, 'client.json'),
  };
}

/** What only a data directory holds. */
const MARKS = ['runvoy.sqlite', 'vault-keys.json'];

/** A directory with other files in it is not ours to close to everybody else and to fill. */
function requireOurs(path: string): void {
  const entries = existsSync(path) && statSync(path).isDirectory() ? readdirSync(path) : [];
  if (entries.length === 0 || entries.some((entry) => MARKS.includes(entry))) return;
  throw new Error(
    `${path} holds files that are not runvoy's (${entries.slice(0, 3).join(', ')}). Choose an empty directory with --data-dir or RUNVOY_DATA_DIR.`,
  );
}

/**
 * Makes a directory, and those above it that are not there, for this user alone. One after the other: Node's recursive form tries for
 * ever below a parent in which nothing can be made, such as /proc.
 */
export function makeDirectories(path: string): void {
  if (existsSync(path)) return;
  makeDirectories(dirname(path));
  mkdirSync(path, { mode: PRIVATE_DIR });
}

/** Always the same for one data directory: runs that outlive the server come back to it. */
function socketPath(dataDir: string): string {
  const inside = join(dataDir, 'intake.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES) return inside;
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const directory = join(tmpdir(), `runvoy-${userInfo().uid}-${digest}`);
  mkdirSync(directory, { recursive: true, mode: PRIVATE_DIR });
  const { uid, mode } = statSync(directory);
  // In a shared directory somebody else may have been there first.
  if ((userInfo().uid >= 0 && uid !== userInfo().uid) || (mode & 0o077) !== 0) {
    throw new Error(`${directory} is not private to you. Choose a data directory with a shorter path.`);
  }
  return join(directory, 'intake.sock');
}
