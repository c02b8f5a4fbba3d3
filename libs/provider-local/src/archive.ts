import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Dirent } from 'node:fs';
import { link, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobSegments, Failure } from '@runvoy/core';
import type { Archive } from '@runvoy/core';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
/** No blob name can hold it, so that directories and unfinished files never meet one. */
const MARK = '+';
const UNFINISHED = `${MARK}unfinished`;
const PUBLISH_TRIES = 5;

/**
 * An archive below a directory, which is created when missing and readable by its owner only.
 *
 * A blob is written aside, flushed, and then linked to its name: a crash leaves all of it or nothing. A name and a longer one
 * that continues it (`a`, `a/b`) may both exist, because directories carry a mark that names cannot.
 */
export async function openFileArchive(root: string): Promise<Archive> {
  await mkdir(root, { recursive: true, mode: DIRECTORY_MODE });
  // What an earlier process did not finish was never promised to anybody.
  await rm(join(root, UNFINISHED), { recursive: true, force: true });
  await mkdir(join(root, UNFINISHED), { mode: DIRECTORY_MODE });
  return new FileArchive(root);
}

class FileArchive implements Archive {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(name: string, content: AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number }> {
    const path = this.#path(name);
    if (await sizeOf(path)) throw new Failure('RECORD_EXISTS', name);
    const unfinished = join(this.#root, UNFINISHED, randomUUID());
    try {
      const bytes = await writeAside(unfinished, content);
      await this.#publish(unfinished, path, name);
      return { bytes };
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async get(
    name: string,
    range: { readonly from?: number; readonly length?: number } = {},
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = this.#path(name);
    const { from = 0, length = Number.POSITIVE_INFINITY } = range;
    if (!(from >= 0 && length >= 0)) throw misused(`${name} was asked for from ${from}, ${length} bytes.`);
    const size = await sizeOf(path);
    return size && streamed(path, from, Math.min(size.bytes, from + length));
  }

  async delete(name: string): Promise<void> {
    const path = this.#path(name);
    await answer(() => rm(path, { force: true }));
    await this.#removeEmpty(dirname(path));
  }

  async list(prefix: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of this.#walk('', prefix, page.after ?? '')) {
      if (names.length === page.limit) break;
      names.push(name);
    }
    return names;
  }

  /** A link refuses a taken name, where a rename would replace it. */
  async #publish(unfinished: string, path: string, name: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      await answer(() => mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE }));
      try {
        await link(unfinished, path);
        break;
      } catch (cause) {
        if (hasCode(cause, 'EEXIST')) throw new Failure('RECORD_EXISTS', name);
        // A delete may have removed the directory because it was empty.
        if (!hasCode(cause, 'ENOENT') || tries === PUBLISH_TRIES) throw unavailable(cause);
      }
    }
    await answer(() => syncDirectories(dirname(path), this.#root));
  }

  async #removeEmpty(directory: string): Promise<void> {
    for (let empty = directory; empty !== this.#root; empty = dirname(empty)) {
      try {
        await rmdir(empty);
      } catch {
        return; // Something else lies there, or somebody was faster: the blob itself is gone either way.
      }
    }
  }

  /** Names in order: what lies in directory `a` sorts like `a/`, so `a`, `a-b`, `a/c`. */
  async *#walk(above: string, prefix: string, after: string): AsyncGenerator<string> {
    const entries = (await this.#entries(above)).map((entry) => (entry.isDirectory() ? below(entry) : entry.name));
    for (const entry of entries.toSorted(byBytes)) {
      const name = above + entry;
      if (!name.endsWith('/')) {
        if (name.startsWith(prefix) && byBytes(name, after) > 0) yield name;
        continue;
      }
      const mayMatch = name.startsWith(prefix) || prefix.startsWith(name);
      const mayFollow = byBytes(name, after) > 0 || after.startsWith(name);
      if (mayMatch && mayFollow) yield* this.#walk(name, prefix, after);
    }
  }

  async #entries(above: string): Promise<Dirent[]> {
    const directory = join(
      this.#root,
      ...above
        .split('/')
        .filter(Boolean)
        .map((segment) => segment + MARK),
    );
    try {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.filter(({ name }) => name !== UNFINISHED);
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return [];
      throw unavailable(cause);
    }
  }

  #path(name: string): string {
    const segments = blobSegments(name);
    return join(this.#root, ...segments.slice(0, -1).map((segment) => segment + MARK), segments.at(-1)!);
  }
}

async function writeAside(path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await answer(() => open(path, 'wx', FILE_MODE));
  try {
    let bytes = 0;
    for await (const piece of content) {
      await answer(() => file.writeFile(piece));
      bytes += piece.length;
    }
    await answer(() => file.sync());
    return bytes;
  } finally {
    await file.close();
  }
}

/** Opened on the first step and closed by the last: a stream that nobody reads holds no file. */
async function* streamed(path: string, from: number, end: number): AsyncGenerator<Uint8Array> {
  if (from >= end) return;
  try {
    yield* createReadStream(path, { start: from, end: end - 1 });
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function sizeOf(path: string): Promise<{ readonly bytes: number } | undefined> {
  try {
    return { bytes: (await stat(path)).size };
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw unavailable(cause);
  }
}

async function syncDirectories(from: string, root: string): Promise<void> {
  for (let directory = from; ; directory = dirname(directory)) {
    await using handle = await open(directory, 'r');
    await handle.sync();
    if (directory === root) return;
  }
}

function below(directory: Dirent): string {
  return `${directory.name.slice(0, -MARK.length)}/`;
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0; // Names are ASCII.
}

async function answer<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable(cause);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

function unavailable(cause: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', '', { cause });
}

function misused(what: string): Failure {
  return new Failure('RECORDS_MISUSED', what);
}
