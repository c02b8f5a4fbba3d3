import { closeSync, constants, mkdirSync, openSync, realpathSync, statSync, writeSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Makes the directory the command works in. It must not exist: what is in it could have been planted. */
export function makeWorkspace(path: string): string {
  mkdirSync(path, { mode: 0o700 });
  return realpathSync(path);
}

/** Writes a file that was not there. False when the name is taken, also by a symlink, which is never followed. */
export function writeNewFile(path: string, text: string, mode = 0o600): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
  } finally {
    closeSync(fd);
  }
  return true;
}

/** The directory `path` inside `root`; throws when it is none or lies outside, be it by `..` or by a symlink. */
export function directoryInside(root: string, path: string): string {
  let real: string;
  try {
    real = realpathSync(join(root, path));
  } catch {
    throw new Error(`the repository has no directory ${path}`);
  }
  if (real !== root && !real.startsWith(root + sep)) throw new Error(`${path} leads out of the repository`);
  if (!statSync(real).isDirectory()) throw new Error(`${path} is no directory of the repository`);
  return real;
}
