import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type OnBytes, readPipe } from '../named-pipe.ts';
import type { OutputPipes } from '../output-pipes.ts';

/** How a supervisor and its container speak: named pipes, so that no engine is between them and none keeps what goes through. */
export interface ContainerPipes {
  readonly directory: string;
  readonly steps: Socket;
  readonly answers: Socket;
  readonly output: OutputPipes;
  /** Writes an order to the first process. It ends, and all with it, when `cut` was called or this process is gone. */
  order(text: string): void;
  cut(): void;
  /** The container has opened its ends: ours of those are closed, and the names removed, so that nobody opens them again. */
  settle(): void;
  /** Closes everything and removes the names. */
  close(): void;
}

/** Who inside may do what: nobody there may write to the lifeline, which the supervisor alone holds open. */
const MODES = { lifeline: 0o444, steps: 0o444, answers: 0o222, stdout: 0o622, stderr: 0o622 } as const;
type Name = keyof typeof MODES;

export function openContainerPipes(directory: string): ContainerPipes {
  mkdirSync(directory, { mode: 0o755 });
  const path = (name: Name) => join(directory, name);
  const names = Object.keys(MODES) as Name[];
  execFileSync('mkfifo', names.map(path), { stdio: 'pipe' });
  const read = {} as Record<Name, number>;
  const write = {} as Record<Name, number>;
  for (const name of names) {
    // The reader first and without blocking: each end of a named pipe otherwise waits for the other.
    read[name] = openSync(path(name), constants.O_RDONLY | constants.O_NONBLOCK);
    write[name] = openSync(path(name), constants.O_WRONLY | constants.O_NONBLOCK);
    chmodSync(path(name), MODES[name]);
  }
  // As the process' own mask may have taken something from it.
  chmodSync(directory, 0o755);
  const steps = new Socket({ fd: write.steps, readable: false, writable: true });
  const answers = new Socket({ fd: read.answers, readable: true, writable: false });
  const open = new Set([read.lifeline, write.lifeline, read.steps, write.answers, write.stdout, write.stderr]);
  const unread = new Set([read.stdout, read.stderr]);

  function close(fd: number): void {
    if (open.delete(fd)) closeSync(fd);
  }

  function outputPipe(name: 'stdout' | 'stderr') {
    return {
      writeFd: write[name],
      read(onBytes: OnBytes) {
        unread.delete(read[name]);
        return readPipe(read[name], onBytes);
      },
    };
  }

  return {
    directory,
    steps,
    answers,
    output: {
      stdout: outputPipe('stdout'),
      stderr: outputPipe('stderr'),
      closeWriters() {
        close(write.stdout);
        close(write.stderr);
      },
    },
    order(text) {
      if (!open.has(write.lifeline)) return;
      try {
        writeSync(write.lifeline, `${text}\n`);
      } catch {
        // Nobody reads any more: it has ended.
      }
    },
    cut: () => close(write.lifeline),
    settle() {
      for (const fd of [read.lifeline, read.steps, write.answers]) close(fd);
      rmSync(directory, { recursive: true, force: true });
    },
    close() {
      for (const fd of open) close(fd);
      for (const fd of unread) closeSync(fd);
      unread.clear();
      steps.destroy();
      answers.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
