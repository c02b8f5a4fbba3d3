import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk with so much room, mounted on `directory`, which is made; needs the right to mount. */
export function mountSmallDisk(directory: string, bytes: number): Disposable {
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', directory], { stdio: 'pipe' });
  return {
    // Also while something on it is still open.
    [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' }),
  };
}

/** Why no disk can be mounted here. Where nothing may be missing, the tests run and fail. */
export function whyNoMount(): string | undefined {
  if (process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
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
