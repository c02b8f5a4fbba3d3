import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk with so much room, mounted on `directory`, which is made; needs the right to mount. */
export function mountSmallDisk(directory: string, bytes: number): Disposable & { readonly bytes: number } {
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', directory], { stdio: 'pipe' });
  return {
    bytes,
    // Also while something on it is still open.
    [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' }),
  };
}

/** Why no disk can be mounted here: it is a right of the user, which nothing that is installed gives. */
export function whyNoMount(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-mount-'));
  try {
    mountSmallDisk(directory, 65_536)[Symbol.dispose]();
    return undefined;
  } catch {
    return 'this user may not mount a tmpfs';
  } finally {
    rmdirSync(directory);
  }
}
