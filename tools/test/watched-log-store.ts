import type { Archive, Records } from '@runvoy/core';

/** A store that tells how much of logs was read from it, and lets a test hold the reading. */
export class WatchedLogStore {
  readonly records: Records;
  readonly archive: Archive;
  /** Of chunks on pages, and of pieces of segments that were asked for. */
  bytesRead = 0;
  /** Segments that are being read. */
  openBlobs = 0;
  #closed: () => void = () => undefined;
  /** Called before each page of chunks. */
  beforePage: () => void | Promise<void> = () => undefined;

  constructor(records: Records, archive: Archive) {
    this.records = new Proxy(records, { get: (target, name) => this.#recordsMethod(target, name as keyof Records) });
    this.archive = new Proxy(archive, { get: (target, name) => this.#archiveMethod(target, name as keyof Archive) });
  }

  /** Resolves when nothing more is read: many turns of the event loop went by without. */
  async untilStill(): Promise<void> {
    let last = -1;
    for (let turns = 0; turns < STILL_TURNS; turns = last === this.bytesRead ? turns + 1 : 0) {
      last = this.bytesRead;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when no segment is being read: what was opened is closed. */
  async untilClosed(): Promise<void> {
    while (this.openBlobs > 0) await new Promise<void>((resolve) => (this.#closed = resolve));
  }

  #recordsMethod(target: Records, name: keyof Records): unknown {
    const method = (target[name] as (...args: readonly unknown[]) => unknown).bind(target);
    if (name !== 'page') return method;
    return async (...args: Parameters<Records['page']>) => {
      if (!CHUNK_QUERIES.includes(args[0].name)) return method(...args);
      await this.beforePage();
      const page = await target.page<{ body: Uint8Array }>(
        ...(args as Parameters<typeof target.page<{ body: Uint8Array }>>),
      );
      for (const { value } of page.records) this.bytesRead += value.body.byteLength;
      return page;
    };
  }

  #archiveMethod(target: Archive, name: keyof Archive): unknown {
    const method = (target[name] as (...args: readonly unknown[]) => unknown).bind(target);
    if (name !== 'get') return method;
    return async (...args: Parameters<Archive['get']>) => {
      const blob = await target.get(...args);
      return blob && this.#watched(blob);
    };
  }

  async *#watched(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.openBlobs += 1;
    try {
      for await (const piece of blob) {
        this.bytesRead += piece.byteLength;
        yield piece;
      }
    } finally {
      this.openBlobs -= 1;
      this.#closed();
    }
  }
}

const CHUNK_QUERIES: readonly string[] = ['chunksInOrder', 'chunksBackwards'];
/** Long enough for what a door hands to another thread, such as compression. */
const STILL_TURNS = 200;
