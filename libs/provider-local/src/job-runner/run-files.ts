import { constants, createReadStream, readFileSync, renameSync } from 'node:fs';
import { access, chmod, link, lstat, mkdir, open, readFile, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reason, SafetyLaneEntry } from '@runvoy/protocol';
import { jsonLines } from '@runvoy/protocol/json-lines';
import type { ContainerEngine } from './container-engine.ts';
import { removeTree } from './remove-tree.ts';

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
  /** The engine's command line, when the run is in a container. */
  readonly engine?: ContainerEngine['command'];
}

/** Put in the supervisor's place so that none can take it any more: what makes "never" a proof. */
export const RULED_OUT: SupervisorFile = { pid: 0, start_ticks: 0, boot_id: 'none' };

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
  readonly reason?: Reason;
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

/** A number that each file holds: one without it was torn by a power loss, or is not ours. */
const NUMBER_IN: Readonly<Record<keyof Files, string>> = {
  'supervisor.json': 'pid',
  'command.json': 'pid',
  'exit.json': 'at_ms',
  'ended.json': 'at_ms',
  'stop.json': 'grace_ms',
};

/** The directories of runs, `runs/<execution>/<attempt>`, shared with their supervisors. */
export interface RunFiles {
  directory(of: Attempt): string;
  /** Makes the directory; nothing else does, so that a look cannot bring back what was removed. */
  make(of: Attempt): Promise<void>;
  /** The file, or undefined when there is none that makes sense. Rejects when nobody can tell. */
  read<Name extends keyof Files>(of: Attempt, name: Name): Promise<Files[Name] | undefined>;
  /** Whether there is such a file, whatever it holds. */
  has(of: Attempt, name: 'supervisor.log' | 'command.json'): Promise<boolean>;
  /** Replaces the file at once. */
  write<Name extends keyof Files>(of: Attempt, name: Name, file: Files[Name]): Promise<void>;
  /** Writes the file if there is none; answers the one that stands. In a directory that was removed nothing stands for long. */
  settle<Name extends keyof Files>(of: Attempt, name: Name, file: Files[Name]): Promise<Files[Name]>;
  /**
   * Every attempt that has a directory, or those of one execution, in a fixed order. A directory that cannot be read hides
   * nothing but itself, unless it is the one that was asked for.
   */
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

  /** Commands may close our directories to us, their user; once more with these opened again. */
  async function readmitted<T>(of: Attempt, name: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (codeOf(error) !== 'EACCES') throw error;
      const path = directory(of);
      for (const each of [root, dirname(path), path]) await reopen(each, 0o700);
      await reopen(join(path, name), 0o600);
      return act();
    }
  }

  async function writeAside(of: Attempt, name: string, file: object): Promise<string> {
    writes += 1;
    const aside = join(directory(of), `${name}.server.${process.pid}.${writes}`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const handle = await readmitted(of, name, () => open(aside, flags, 0o600));
    try {
      await handle.writeFile(`${JSON.stringify(file)}\n`);
      // Before it gets its name: after a power loss there is the whole file or none.
      await handle.sync();
      await handle.close();
    } catch (error) {
      await handle.close().catch(() => undefined);
      await unlink(aside).catch(() => undefined);
      throw naming(aside, error);
    }
    return aside;
  }

  async function read<Name extends keyof Files>(of: Attempt, name: Name): Promise<Files[Name] | undefined> {
    const path = join(directory(of), name);
    try {
      return parse(name, await readmitted(of, name, () => readFile(path, 'utf8')));
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw naming(path, error);
    }
  }

  /** Out of the way of the one that takes its place; in one go, so that it cannot be a whole one that is moved. */
  function putAsideTorn(of: Attempt, name: keyof Files): void {
    const path = join(directory(of), name);
    try {
      if (parse(name, readFileSync(path, 'utf8')) === undefined) renameSync(path, `${path}.torn`);
    } catch (error) {
      if (!isAbsence(error)) throw naming(path, error);
    }
  }

  return {
    directory,
    async make(of) {
      await readmitted(of, '.', () => mkdir(directory(of), { recursive: true, mode: 0o700 }));
    },
    read,
    async has(of, name) {
      const path = join(directory(of), name);
      try {
        await readmitted(of, name, () => access(path));
        return true;
      } catch (error) {
        if (isAbsence(error)) return false;
        throw error;
      }
    },
    async write(of, name, file) {
      const aside = await writeAside(of, name, file);
      try {
        await rename(aside, join(directory(of), name));
      } catch (error) {
        await unlink(aside).catch(() => undefined);
        throw error;
      }
    },
    async settle(of, name, file) {
      let aside: string;
      try {
        aside = await writeAside(of, name, file);
      } catch (error) {
        if (isAbsence(error)) return file;
        throw error;
      }
      try {
        putAsideTorn(of, name);
        await link(aside, join(directory(of), name));
        return file;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        return (await read(of, name)) ?? file;
      } finally {
        await unlink(aside).catch(() => undefined);
      }
    },
    async list(executionId) {
      const found: Attempt[] = [];
      const executions = executionId === undefined ? await namesIn(root) : [executionId];
      for (const execution_id of executions.filter((name) => EXECUTION_ID.test(name)).sort()) {
        const names = await readmitted({ execution_id, attempt: 1 }, '.', () =>
          namesIn(join(root, execution_id)),
        ).catch((error: unknown) => {
          if (executionId !== undefined) throw error;
          return [];
        });
        const attempts = names.filter((name) => ATTEMPT.test(name)).map(Number);
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
      await removeTree(join(root, executionId));
    },
  };
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isAbsence(error)) return [];
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

function parse<Name extends keyof Files>(name: Name, text: string): Files[Name] | undefined {
  try {
    const file = JSON.parse(text) as Record<string, unknown> | null;
    return typeof file?.[NUMBER_IN[name]] === 'number' ? (file as unknown as Files[Name]) : undefined;
  } catch {
    return undefined;
  }
}

/** Symlinks are not followed: they lead to what is not ours. */
async function reopen(path: string, mode: number): Promise<void> {
  try {
    const kind = await lstat(path);
    if (mode === 0o700 ? kind.isDirectory() : kind.isFile()) await chmod(path, mode);
  } catch {
    // What was to be done in it tells better why it cannot be done.
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
const isAbsence = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');

/** Reads and writes on an open file fail without saying which. */
function naming(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.message.includes(path)) return error;
  return Object.assign(new Error(`${path}: ${error.message}`, { cause: error }), { code: codeOf(error) });
}
