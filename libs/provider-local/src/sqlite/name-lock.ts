import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './open-database.ts';

/**
 * Keeps others, in this process and in any other on the machine, from writing under a name; `undefined` when somebody does. It goes with
 * its process, however that ends: a file that is left of one that was killed keeps nobody out. Its directory has to be there.
 */
export function lockName(path: string): Disposable | undefined {
  const file = `${path}.lock`;
  // Nothing is ever written to it: an empty database has locks like any other, and needs no room on a full disk.
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  // Whoever held it has taken the file away meanwhile: the next one would lock another.
  if (!existsSync(file)) {
    lock.close();
    return undefined;
  }
  return {
    [Symbol.dispose]() {
      // While it is still held, or the file of the next one would go.
      rmSync(file, { force: true });
      lock.close();
    },
  };
}
