import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A named pipe: whoever reads from it waits until the test opens it. */
export interface Gate {
  readonly path: string;
  open(): void;
}

/** A new gate below a directory that commands may read, also those of other users. */
export function newGate(sharedDirectory: string): Gate {
  const path = join(mkdtempSync(join(sharedDirectory, 'gate-')), 'gate');
  chmodSync(dirname(path), 0o755);
  execFileSync('mkfifo', ['-m', '644', path]);
  return { path, open: () => writeFileSync(path, 'go\n') };
}
