import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeDirectories } from '@runvoy/provider-local';

/** Where the logs of the services go. */
export interface DataDir {
  readonly path: string;
  /** After the end: takes a temporary one away, with what it holds. */
  remove(): void;
  /** After a failure: whether there is anything in it; an empty temporary one is taken away. */
  keep(): boolean;
}

/** The directory that was named, which is never removed, or a temporary one. Throws an Error fit to be shown when it cannot be used. */
export function openDataDir(named: string | undefined): DataDir {
  const path = named === undefined ? mkdtempSync(join(tmpdir(), 'runvoy-emulated-')) : resolve(named);
  try {
    makeDirectories(path);
    readdirSync(path);
    accessSync(path, constants.W_OK);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Error(`The data directory ${path} cannot be used: ${why}. Choose another with --data-dir.`, { cause });
  }
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
