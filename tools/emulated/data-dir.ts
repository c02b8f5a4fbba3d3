import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the logs of the services go. */
export interface DataDir {
  readonly path: string;
  /** After the end: takes a temporary one away, with what it holds. */
  remove(): void;
  /** After a failure: whether there is anything in it; an empty temporary one is taken away. */
  keep(): boolean;
}

/** The directory that was named, which is never removed, or a temporary one. */
export function openDataDir(named: string | undefined): DataDir {
  const path = named === undefined ? mkdtempSync(join(tmpdir(), 'runvoy-emulated-')) : resolve(named);
  const remove = () => {
    if (named === undefined) rmSync(path, { recursive: true, force: true });
  };
  return {
    path,
    remove,
    keep() {
      const holdsAnything = existsSync(path) && readdirSync(path).length > 0;
      if (!holdsAnything) remove();
      return holdsAnything;
    },
  };
}
