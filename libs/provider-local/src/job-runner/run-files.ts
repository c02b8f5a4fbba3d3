import { constants, createReadStream } from 'node:fs';
import { chmod, link, lstat, mkdir, open, readFile, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SafetyLaneEntry } from '@runvoy/protocol';
import { jsonLines } from './json-lines.ts';

/** Which attempt of which execution. */
export interface Attempt {
  readonly execution_id: string;
  readonly attempt: number;
}

/** `supervisor.json`, written by the supervisor before anything else. */
export interface SupervisorFile {
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
}

/** `command.json`, written by the supervisor when the command runs. */
export interface CommandFile {
  readonly pid: number;
  readonly pgid: number;
  readonly start_ticks: number;
}

/** `exit.json`, the supervisor's last act; `ended.json`, written here when there is none, so that the time does not move. */
export interface EndFile {
  readonly at_ms: number;
  readonly kind: 'exited' | 'cancelled' | 'never_started';
  readonly reason?: string;
  readonly details?: string;
}

/** `stop.json`, written here before SIGTERM. */
export interface StopFile {
  readonly grace_ms: number;
}

interface Files {
  readonly 'supervisor.json': SupervisorFile;
  readonly 'command.json': CommandFile;
  readonly 'exit.json': EndFile;
  readonly 'ended.json': EndFile;
  readonly 'stop.json': StopFile;
}

/** The directories of runs, `runs/<execution>/<attempt>`, shared with their supervisors. */
export interface RunFiles {
  directory(of: Attempt): string;
  /** Makes the directory; nothing else does, so that a look cannot bring back what was removed. */
  make(of: Attempt): Promise<void>;
  read<Name extends keyof Files>(of: Attempt, name: Name): Promise<Files[Name] | undefined>;
  /** Replaces the file at once. */
  write<Name extends keyof Files>(of: Attempt, name: Name, file: Files[Name]): Promise<void>;
  /** Writes the file if there is none; answers the one that stands. In a directory that was removed nothing stands for long. */
  settle<Name extends keyof Files>(of: Attempt, name: Name, file: Files[Name]): Promise<Files[Name]>;
  /** Every attempt that has a directory, or those of one execution, in a fixed order. */
  list(executionId?: string): Promise<Attempt[]>;
  spool(of: Attempt): AsyncIterable<SafetyLaneEntry>;
  remove(executionId: string): Promise<void>;
}

const EXECUTION_ID = /^[0-9a-f]{32}$/;
const ATTEMPT = /^[1-9][0-9]{0,8}$/;

export function openRunFiles(root: string): RunFiles {
  let writes = 0;

  function directory({ execution_id, attempt }: Attempt): string {
    // Also what keeps a path inside `root`.
    if (!EXECUTION_ID.test(execution_id) || !ATTEMPT.test(String(attempt))) {
      throw new Error(`no run directory for execution ${JSON.stringify(execution_id)}, attempt ${attempt}`);
    }
    return join(root, execution_id, String(attempt));
  }

  async function writeAside(of: Attempt, name: string, file: object): Promise<string> {
    writes += 1;
    const aside = join(directory(of), `${name}.server.${process.pid}.${writes}`);
    const handle = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file)}\n`);
    } finally {
      await handle.close();
    }
    return aside;
  }

  async function read<Name extends keyof Files>(of: Attempt, name: Name): Promise<Files[Name] | undefined> {
    try {
      return JSON.parse(await readFile(join(directory(of), name), 'utf8')) as Files[Name];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  return {
    directory,
    make: async (of) => void (await mkdir(directory(of), { recursive: true, mode: 0o700 })),
    read,
    async write(of, name, file) {
      await rename(await writeAside(of, name, file), join(directory(of), name));
    },
    async settle(of, name, file) {
      let aside: string;
      try {
        aside = await writeAside(of, name, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return file;
        throw error;
      }
      try {
        await link(aside, join(directory(of), name));
        return file;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        return (await read(of, name)) ?? file;
      } finally {
        await unlink(aside);
      }
    },
    async list(executionId) {
      const found: Attempt[] = [];
      const executions = executionId === undefined ? await namesIn(root) : [executionId];
      for (const execution_id of executions.filter((name) => EXECUTION_ID.test(name)).sort()) {
        const attempts = (await namesIn(join(root, execution_id))).filter((name) => ATTEMPT.test(name)).map(Number);
        for (const attempt of attempts.sort((a, b) => a - b)) found.push({ execution_id, attempt });
      }
      return found;
    },
    async *spool(of) {
      for await (const line of linesOf(join(directory(of), 'spool.jsonl'))) {
        try {
          yield JSON.parse(line) as SafetyLaneEntry;
        } catch {
          // Torn: its writer died in the middle, and what it was about to say is not said.
        }
      }
    },
    async remove(executionId) {
      if (!EXECUTION_ID.test(executionId))
        throw new Error(`no run directory for execution ${JSON.stringify(executionId)}`);
      const path = join(root, executionId);
      try {
        await rm(path, { recursive: true, force: true });
      } catch (error) {
        if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        // Package managers leave directories that even their owner may not empty.
        await makeRemovable(path);
        await rm(path, { recursive: true, force: true });
      }
    },
  };
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

async function* linesOf(path: string): AsyncIterable<string> {
  const input = createReadStream(path);
  const opened = new Promise<boolean>((resolve, reject) => {
    input.once('open', () => resolve(true));
    input.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(false) : reject(error)));
  });
  if (!(await opened)) return;
  try {
    yield* jsonLines(input);
  } finally {
    input.destroy();
  }
}

/** Symlinks are not followed: they lead to what is not ours. */
async function makeRemovable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeRemovable(join(path, entry.name));
  }
}
