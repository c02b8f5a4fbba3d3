import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { bubblewrapArguments, type ContainerView } from './bubblewrap-arguments.ts';
import { readLines } from './output-lines.ts';

const INFO_FD = 3;
const ARGUMENTS_FD = 4;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How a container's first process ended. `startFailure`: there was nothing to run under that name. */
export type ContainerEnd = { exitCode: number } | { signal: number } | { startFailure: string };

/** A running container: its first process is process 1, as in a real one, so it ignores signals it has no handler for. */
export type ContainerProcess = {
  /** Resolves when no process of the container is left and all its output was read. */
  ended: Promise<ContainerEnd>;
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
};

export type ContainerStart = ContainerView & {
  command: readonly string[];
  sharedPidsOf?: number | undefined;
  output: (stream: 'stdout' | 'stderr', line: string) => void;
};

export function startContainer(start: ContainerStart): ContainerProcess {
  const { command, output, sharedPidsOf } = start;
  const isRoot = process.getuid?.() === 0;
  const uid = start.image.user ?? 0;
  const view = {
    ...start,
    env: { PATH: DEFAULT_PATH, HOME: uid === 0 ? '/root' : '/', ...start.image.env, ...start.env },
  };
  const told = bubblewrapArguments(view, {
    user: { uid, isPretended: !isRoot },
    sharedPids: sharedPidsOf !== undefined,
  });
  const bwrap = [programPath('bwrap'), '--args', String(ARGUMENTS_FD), '--info-fd', String(INFO_FD), '--', ...command];
  const [program, ...args] = sharedPidsOf === undefined ? bwrap : [...inNamespacesOf(sharedPidsOf, uid), ...bwrap];
  const child = spawn(program as string, args, {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    ...(isRoot && uid !== 0 && sharedPidsOf === undefined && { uid, gid: uid }),
  });
  const first = firstProcess(child.stdio[INFO_FD] as Readable);
  // bwrap may end before it has read them.
  (child.stdio[ARGUMENTS_FD] as Writable).on('error', () => undefined).end(told.map((word) => `${word}\0`).join(''));
  let killed = false;
  let startFailure: string | undefined;
  readLines(child.stdout as Readable, (line) => output('stdout', line));
  readLines(child.stderr as Readable, (line) => {
    if (line.startsWith('bwrap: ')) startFailure = line.replace(/^bwrap: (?:execvp )?/, '');
    else output('stderr', line);
  });
  const ended = new Promise<ContainerEnd>((resolve) => {
    child.on('error', (failure) => resolve({ startFailure: failure.message }));
    child.on('close', (code, signal) => {
      if (startFailure !== undefined) resolve({ startFailure });
      else if (killed && (code === 137 || signal !== null)) resolve({ signal: 9 });
      else resolve(code === null ? { signal: 9 } : { exitCode: code });
    });
  });
  async function deliver(name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = await first;
    if (pid !== undefined) kill(pid, name);
    else if (name === 'SIGKILL') child.kill('SIGKILL');
  }
  return {
    ended,
    signal(name) {
      killed ||= name === 'SIGKILL';
      void deliver(name);
    },
  };
}

/** Joins the process and mount namespaces of a holder, as the user of the container. Needs root. */
function inNamespacesOf(holder: number, uid: number): string[] {
  const joining = [programPath('nsenter'), `--target=${holder}`, '--pid', '--mount', '--'];
  return uid === 0
    ? joining
    : [...joining, programPath('setpriv'), `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** The process id, outside, of the first process inside; nothing when bwrap ended before there was one. */
async function firstProcess(info: Readable): Promise<number | undefined> {
  let text = '';
  try {
    for await (const piece of info.setEncoding('utf8')) text += piece as string;
    return (JSON.parse(text) as { 'child-pid': number })['child-pid'];
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function programPath(name: string): string {
  const found = (process.env['PATH'] ?? DEFAULT_PATH)
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (!found)
    throw new Error(`No ${name} in PATH: the fake Cloud Run starts containers with it (apt install bubblewrap).`);
  return found;
}
