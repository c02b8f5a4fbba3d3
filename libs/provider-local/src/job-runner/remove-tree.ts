import { randomUUID } from 'node:crypto';
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Commands and package managers leave directories that even their owner may not empty, and ones too deep to be named. */
const NEEDS_WORK = ['EACCES', 'EPERM', 'ENOTEMPTY', 'ENAMETOOLONG'];
/** The system takes paths of up to 4,095 bytes; a name in a directory this deep, at most 255, still fits. */
const LONGEST_BYTES = 3_000;

/** Removes a directory with everything in it, whatever a command left there. Nothing outside it is touched. */
export async function removeTree(top: string): Promise<void> {
  try {
    await rm(top, { recursive: true, force: true });
  } catch (error) {
    if (!NEEDS_WORK.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await makeRemovable(top);
    await rm(top, { recursive: true, force: true });
  }
}

/**
 * Opens every directory to its owner, and moves those with a path that is too long up to the top.
 * Symlinks are not followed: they lead to what is not ours.
 */
async function makeRemovable(top: string): Promise<void> {
  if (!(await lstat(top)).isDirectory()) return;
  const pending = [top];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    await chmod(path, 0o700);
    let here = path;
    if (Buffer.byteLength(path) > LONGEST_BYTES) {
      here = join(top, randomUUID());
      await rename(path, here);
    }
    for (const entry of await readdir(here, { withFileTypes: true })) {
      if (entry.isDirectory()) pending.push(join(here, entry.name));
    }
  }
}
