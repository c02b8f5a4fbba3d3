import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LocalClientFile } from '@runvoy/protocol';
import { openApi } from './open-api.ts';
import type { Invocation } from './invocation.ts';
import { Problem } from './problem.ts';
import { shellWord } from './shell-word.ts';

const HEALTH_MS = 2_000;

/** The data directory that is meant: `--data-dir`, RUNVOY_DATA_DIR, or the usual one. */
export function dataDirOf({ options, env }: Pick<Invocation, 'options' | 'env'>): string {
  return resolve(options.text('data-dir') || env['RUNVOY_DATA_DIR'] || join(homedir(), '.local', 'share', 'runvoy'));
}

/** The live server of a data directory: its process exists, and it answers. */
export async function findLocalServer(dataDir: string): Promise<LocalClientFile | undefined> {
  const file = await readJson(join(dataDir, 'client.json'));
  if (!isClientFile(file) || !isAlive(file.pid)) return undefined;
  // The file outlives a server that was killed, and both its pid and its port may belong to somebody else by now.
  const health = await openApi({ endpoint: file.api_endpoint })
    .health({ timeoutMs: HEALTH_MS, tries: 1 })
    .catch(() => undefined);
  return health?.status === 'ok' ? file : undefined;
}

/** Nothing runs in the data directory that is meant; the command that is shown starts a server in this very one. */
export function noLocalServer(asked: Pick<Invocation, 'options' | 'env'>): Problem {
  const dataDir = dataDirOf(asked);
  const named = asked.options.text('data-dir') === undefined ? '' : ` -- --data-dir ${shellWord(dataDir)}`;
  return new Problem(`no server runs in ${dataDir}. Start it: npm start${named}`);
}

/** True when a process with this id exists, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The content of a file, or undefined when there is none that is JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function isClientFile(value: unknown): value is LocalClientFile {
  if (typeof value !== 'object' || value === null) return false;
  const { api_endpoint, api_key, pid } = value as Partial<LocalClientFile>;
  return typeof api_endpoint === 'string' && typeof api_key === 'string' && Number.isInteger(pid) && Number(pid) > 0;
}
