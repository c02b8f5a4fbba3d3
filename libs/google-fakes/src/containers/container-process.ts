import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { bubblewrapArguments, type ContainerView } from './bubblewrap-arguments.ts';
import { processesOf } from './mount-namespace.ts';
import { readLines } from './output-lines.ts';

const INFO_FD = 3;
const ARGUMENTS_FD = 4;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Signal = 'SIGTERM' | 'SIGKILL';
const NUMBER = { SIGTERM: 15, SIGKILL: 9 } as const;

/** How a container's first process ended. `startFailure`: there was nothing to run under that name. */
export type ContainerEnd = { exitCode: number } | { signal: number } | { startFailure: string };

/** A running container. With a process namespace of its own its first process is process 1: it ignores SIGTERM without a handler. */
export type ContainerProcess = {
  /** Resolves when no process of the container is left and all its output was read. */
  ended: Promise<ContainerEnd>;
  signal(signal: Signal): void;
};

export type ContainerStart = ContainerView & {
  command: readonly string[];
  /** A process whose namespace it joins. Needs root. */
  sharedPidsOf?: number | undefined;
  output: (stream: 'stdout' | 'stderr', line: string) => void;
};

export function startContainer(start: ContainerStart): ContainerProcess {
  const { output, sharedPidsOf } = start;
  const child = spawnBubblewrap(start);
  const first = firstProcess(child.stdio[INFO_FD] as Readable);
  const sent = new Set<Signal>();
  let startFailure: string | undefined;
  readLines(child.stdout as Readable, (line) => output('stdout', line));
  readLines(child.stderr as Readable, (line) => {
    if (line.startsWith('bwrap: ')) startFailure = line.replace(/^bwrap: (?:execvp )?/, '');
    else output('stderr', line);
  });
  // Apart, the kernel kills the rest of a process namespace with its first process.
  if (sharedPidsOf !== undefined) child.on('exit', () => void killRest(first));
  const ended = new Promise<ContainerEnd>((resolve) => {
    child.on('error', (failure) => resolve({ startFailure: failure.message }));
    child.on('close', (code) => {
      const by = Array.from(sent, (name) => NUMBER[name]).find((number) => code === 128 + number);
      if (startFailure !== undefined) resolve({ startFailure });
      else resolve(by !== undefined || code === null ? { signal: by ?? 9 } : { exitCode: code });
    });
  });

  async function deliver(name: Signal): Promise<void> {
    const found = await first;
    if (found) kill(pidOf(found), name);
    else if (name === 'SIGKILL') child.kill('SIGKILL');
  }

  function pidOf({ pid, mountNamespace }: FirstProcess): number | undefined {
    if (sharedPidsOf === undefined) return pid;
    return processesOf(mountNamespace).find(({ inside }) => inside === pid)?.pid;
  }

  return {
    ended,
    signal(name) {
      // As process 1 it cannot die of SIGTERM: 143 is a code of its own then.
      if (name === 'SIGKILL' || sharedPidsOf !== undefined) sent.add(name);
      void deliver(name);
    },
  };
}

function spawnBubblewrap({ command, sharedPidsOf, ...view }: ContainerStart) {
  const isRoot = process.getuid?.() === 0;
  const uid = view.image.user ?? 0;
  const env = { PATH: DEFAULT_PATH, HOME: uid === 0 ? '/root' : '/', ...view.image.env, ...view.env };
  const isShared = sharedPidsOf !== undefined;
  const told = bubblewrapArguments({ ...view, env }, { user: { uid, isPretended: !isRoot }, sharedPids: isShared });
  const bwrap = [programPath('bwrap'), '--args', String(ARGUMENTS_FD), '--info-fd', String(INFO_FD), '--', ...command];
  const [program, ...args] = isShared ? [...inNamespacesOf(sharedPidsOf, uid), ...bwrap] : bwrap;
  const child = spawn(program as string, args, {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    ...(isRoot && uid !== 0 && !isShared && { uid, gid: uid }),
  });
  // bwrap may end before it has read them.
  const input = child.stdio[ARGUMENTS_FD] as Writable;
  input.on('error', () => undefined).end(told.map((word) => `${word}\0`).join(''));
  return child;
}

/** Joins the process and mount namespaces of a holder, as the user of the container. Needs root. */
function inNamespacesOf(holder: number, uid: number): string[] {
  const joining = [programPath('nsenter'), `--target=${holder}`, '--pid', '--mount', '--'];
  if (uid === 0) return joining;
  return [...joining, programPath('setpriv'), `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** As bwrap says it: the process id is the one in the process namespace that bwrap itself lives in. */
type FirstProcess = { pid: number; mountNamespace: number };

/**
 * The first process inside; nothing when bwrap ended before there was one. It is known when the object is whole: the end of the pipe
 * may come only with the end of the container, as nsenter keeps it open.
 */
async function firstProcess(info: Readable): Promise<FirstProcess | undefined> {
  let text = '';
  for await (const piece of info.setEncoding('utf8')) {
    text += piece as string;
    const said = objectIn(text);
    if (said) return { pid: said['child-pid'], mountNamespace: said['mnt-namespace'] };
  }
  return undefined;
}

function objectIn(text: string): { 'child-pid': number; 'mnt-namespace': number } | undefined {
  try {
    return JSON.parse(text) as { 'child-pid': number; 'mnt-namespace': number };
  } catch {
    return undefined;
  }
}

async function killRest(first: Promise<FirstProcess | undefined>): Promise<void> {
  const found = await first;
  if (found) for (const { pid } of processesOf(found.mountNamespace)) kill(pid, 'SIGKILL');
}

function kill(pid: number | undefined, signal: Signal): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
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
