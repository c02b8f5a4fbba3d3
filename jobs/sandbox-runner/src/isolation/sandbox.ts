import type { Preparing } from '@runvoy/protocol';
import type { RunningCommand } from '../command.ts';
import type { RunProcesses } from '../run-processes.ts';

/** What a tool of ours, such as git, is run with. */
export interface ToolCall {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** All of its environment but the marker, which a sandbox that needs it adds. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (text: string) => void;
}

/** How a command is started. */
export interface CommandCall {
  readonly cwd: string;
  /** What the run brings; the sandbox's own `env` is not added. */
  readonly env: Readonly<Record<string, string>>;
  /** The next read overwrites `bytes`. */
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
  readonly onOutputEnded: (stream: 'stdout' | 'stderr') => void;
}

/**
 * Where one run lives: its files, its tools, its command and everything that comes of it. One file per isolation implements
 * it, and nobody else knows which it is. Paths are those that the command sees.
 */
export interface Sandbox {
  readonly workspace: string;
  /** For what the command is started with and is no part of its workspace. */
  readonly scratch: string;
  /** For tools of ours, such as git: where they are found, and a place for what only they may read. */
  readonly tools: { readonly path: string; readonly scratch: string };
  /** PATH, HOME and the like; what a run may replace. */
  readonly env: Readonly<Record<string, string>>;
  /** One line for the log: what is limited here and what is not. Undefined when nothing is. */
  readonly limits: string | undefined;
  readonly processes: RunProcesses;
  /**
   * Makes the empty workspace. `readable`: directories of this machine that tools may read; `say`: for what takes long,
   * and what that is part of.
   * Rejects with words for the log.
   */
  open(readable: readonly string[], say: (text: string, step: Preparing) => void): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Writes a file that was not there. False when the name is taken, also by a symlink, which is never followed. */
  writeNewFile(path: string, text: string, mode?: 0o600 | 0o700): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** The directory `path` inside `root`; rejects when it is none or lies outside, be it by `..` or by a symlink. */
  directoryInside(root: string, path: string): Promise<string>;
  /** Resolves with the exit code; undefined when a signal ended it or it could not be started. */
  runTool(call: ToolCall): Promise<number | undefined>;
  /** Runs `script` with `sh -e`: a file, because a command may be longer than an argument may be. The last thing asked of a sandbox. */
  startCommand(script: string, call: CommandCall): Promise<RunningCommand>;
}
