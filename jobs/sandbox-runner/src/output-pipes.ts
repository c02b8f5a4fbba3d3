import { execFileSync } from 'node:child_process';
import { closeSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type NamedPipe, openNamedPipe } from './named-pipe.ts';

export interface OutputPipes {
  readonly stdout: NamedPipe;
  readonly stderr: NamedPipe;
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
  const [stdout, stderr] = paths.map(openNamedPipe) as [NamedPipe, NamedPipe];
  for (const path of paths) unlinkSync(path);
  return {
    stdout,
    stderr,
    closeWriters() {
      closeSync(stdout.writeFd);
      closeSync(stderr.writeFd);
    },
  };
}
