import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** One end to read and one to give to the command. */
export interface OutputPipe {
  readonly writeFd: number;
  /** Starts reading. The writing end must be with the command by then, or closing ours ends the stream. */
  open(): Socket;
}

export interface OutputPipes {
  readonly stdout: OutputPipe;
  readonly stderr: OutputPipe;
  /** Gives up our writing ends, so that the streams end with their last writer. */
  closeWriters(): void;
}

/**
 * Makes the pipes of a command's output ahead of time, in `directory`. Node's own `pipe` is a socket pair, on which
 * `echo ... > /dev/stderr` fails; named pipes also are how output travels between containers.
 */
export function openOutputPipes(directory: string): OutputPipes {
  const paths = ['stdout', 'stderr'].map((name) => join(directory, `${process.pid}.${name}`));
  // Its complaints belong in the error: by default they, or nothing, are written to our own, which may be on a full disk.
  execFileSync('mkfifo', ['-m', '600', ...paths], { stdio: 'pipe' });
  const [stdout, stderr] = paths.map(openPipe) as [OutputPipe, OutputPipe];
  return {
    stdout,
    stderr,
    closeWriters() {
      closeSync(stdout.writeFd);
      closeSync(stderr.writeFd);
    },
  };
}

function openPipe(path: string): OutputPipe {
  // The reader first and without blocking: each end of a named pipe otherwise waits for the other.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  unlinkSync(path);
  return { writeFd, open: () => new Socket({ fd: readFd, readable: true, writable: false }) };
}
