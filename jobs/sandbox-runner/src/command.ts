import { spawn } from 'node:child_process';
import type { OutputPipes } from './output-pipes.ts';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that was started, leader of its own session. */
export interface RunningCommand {
  readonly pid: number;
  readonly exited: Promise<CommandEnd>;
  /** Both pipes have ended: nobody holds them any more. */
  readonly drained: Promise<void>;
  pause(): void;
  resume(): void;
  /** Stops listening to whoever still holds the pipes. */
  abandonOutput(): void;
}

/**
 * Starts `script` with `sh -e`: a file, because a command may be longer than an argument may be. Rejects when it cannot be
 * started.
 */
export function startCommand(args: {
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly pipes: OutputPipes;
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
  readonly onOutputEnded: (stream: 'stdout' | 'stderr') => void;
}): Promise<RunningCommand> {
  const child = spawn('/bin/sh', ['-e', args.script], {
    cwd: args.cwd,
    env: args.env,
    stdio: ['ignore', args.pipes.stdout.writeFd, args.pipes.stderr.writeFd],
    detached: true,
  });
  const exited = new Promise<CommandEnd>((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  const started = new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject));
  args.pipes.closeWriters();

  return started.then(() => {
    const readers = (['stdout', 'stderr'] as const).map((stream) => {
      const reader = args.pipes[stream].open();
      reader.on('data', (bytes: Buffer) => args.onOutput(stream, bytes));
      const closed = new Promise<void>((resolve) => {
        reader.on('error', () => resolve());
        reader.on('close', () => resolve());
      });
      return { reader, ended: closed.then(() => args.onOutputEnded(stream)) };
    });
    return {
      pid: child.pid!,
      exited,
      drained: Promise.all(readers.map(({ ended }) => ended)).then(() => undefined),
      pause: () => readers.forEach(({ reader }) => reader.pause()),
      resume: () => readers.forEach(({ reader }) => reader.resume()),
      abandonOutput: () => readers.forEach(({ reader }) => reader.destroy()),
    };
  });
}
