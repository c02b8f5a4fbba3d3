import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './emulator-programs.ts';

/** A program with everything it starts, in a session and a temporary directory of its own. */
export interface ProcessGroup {
  /** Aborted when the program has ended. */
  readonly ended: AbortSignal;
  /** The end of what it has printed, at most 4,000 characters. */
  printed(): string;
  /** Sends SIGINT to the group, SIGKILL to what is left after 10 s, and removes the directory. */
  stop(): Promise<void>;
}

const INTERRUPT_MS = 10_000;
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 20;
const KEPT_CHARACTERS = 4_000;

/** The emulators are Java programs that live for minutes: without its second compiler Firestore's took 25 s of CPU where it took 42 s. */
const LEAN_JVM = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/**
 * The guard reads from a pipe whose other end only this process holds: should this process be killed, the read ends, and so
 * do the group and its directory. A child in the background of `sh` ignores SIGINT, so the guard itself ends by SIGTERM.
 */
const GUARDED = '( read -r _ <&3; kill -INT 0; sleep 5; rm -rf "$0"; kill -KILL 0 ) & exec "$@" 3<&-';

export function startProcessGroup({ command, args }: Program): ProcessGroup {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-emulator-'));
  const child = spawn('/bin/sh', ['-c', GUARDED, directory, command, ...args], {
    detached: true,
    cwd: directory,
    env: { JAVA_TOOL_OPTIONS: LEAN_JVM, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const end = new AbortController();
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-KEPT_CHARACTERS);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  child.once('error', (error) => {
    keep(error.message);
    end.abort();
  });
  child.once('exit', () => end.abort());
  let stopping: Promise<void> | undefined;
  return {
    ended: end.signal,
    printed: () => output.trim(),
    stop: () => (stopping ??= stopGroup(child.pid, end.signal).finally(() => removeAll(directory))),
  };
}

async function stopGroup(pid: number | undefined, ended: AbortSignal): Promise<void> {
  if (pid === undefined) return;
  signal(pid, 'SIGINT');
  await until(() => ended.aborted, INTERRUPT_MS);
  signal(pid, 'SIGTERM');
  if (await until(() => !signal(pid, 0), KILL_MS)) return;
  signal(pid, 'SIGKILL');
  if (await until(() => !signal(pid, 0), KILL_MS)) return;
  throw new Error(`The process group ${pid} of an emulator survived SIGKILL.`);
}

/** Whether anything of the group took it. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const over = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > over) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

function removeAll(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
