import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, mkdtempSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A named pipe: whoever reads from it waits until the test opens it. */
export interface Gate {
  readonly path: string;
  /**
   * Lets the reader pass as soon as there is one. It never blocks: the fakes that the reader may still wait for live in the
   * test's own process.
   */
  open(): void;
}

const LOOK_EVERY_MS = 10;

/** A new gate below a directory that commands may read, also those of other users. */
export function newGate(sharedDirectory: string): Gate {
  const path = join(mkdtempSync(join(sharedDirectory, 'gate-')), 'gate');
  chmodSync(dirname(path), 0o755);
  execFileSync('mkfifo', ['-m', '644', path]);
  const open = (): void => {
    if (!isPassed(path)) setTimeout(open, LOOK_EVERY_MS).unref();
  };
  return { path, open };
}

/** Whether somebody reads there and was told. Also true when the gate is gone with its test. */
function isPassed(path: string): boolean {
  try {
    const pipe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(pipe, 'go\n');
    closeSync(pipe);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENXIO';
  }
}
