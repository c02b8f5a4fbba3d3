import { copyFileSync, linkSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Puts a file or a directory at another place by hard links, or by copies on another file system. Symbolic links stay what they are. */
export function linkTree(source: string, target: string, isWanted: (path: string) => boolean = () => true): void {
  const kind = lstatSync(source);
  if (kind.isDirectory()) {
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) {
      const path = join(source, name);
      if (isWanted(path)) linkTree(path, join(target, name), isWanted);
    }
    return;
  }
  mkdirSync(dirname(target), { recursive: true });
  // What is there already is replaced, as a COPY does; written into it is nothing, for it may be linked elsewhere.
  rmSync(target, { force: true });
  if (kind.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else place(source, target);
}

function place(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EPERM') throw error;
    copyFileSync(source, target);
  }
}
