import type { SharedChunk } from './shared-chunk.ts';

/** What is kept of the chunks told last, for viewers that were reading the store meanwhile. */
const KEPT_BYTES = 512 * 1024;
const KEPT_CHUNKS = 256;

/** The chunks a feed told of last, within bounds, and the knowledge whether that is all since some moment. */
export class RecentChunks {
  /**
   * A list and no map: a map that is added to and deleted from is rebuilt every few chunks, and each table it leaves behind leads to the
   * next one. The first that grows old holds all of them, and megabytes of chunks with them, until the whole heap is collected.
   */
  readonly #chunks: SharedChunk[] = [];
  #bytes = 0;
  /** Chunks told so far, and how many of them are certainly no longer kept. */
  #told = 0;
  #forgotten = 0;

  has(from: number): boolean {
    return this.#chunks.some(({ chunk }) => chunk.from === from);
  }

  add(shared: SharedChunk): void {
    this.#chunks.push(shared);
    this.#bytes += shared.chunk.body.length;
    this.#told += 1;
    while (this.#bytes > KEPT_BYTES || this.#chunks.length > KEPT_CHUNKS) {
      this.#bytes -= this.#chunks.shift()!.chunk.body.length;
      this.#forgotten += 1;
    }
  }

  /** A moment to ask about later. */
  mark(): number {
    return this.#told;
  }

  /** True when everything told since the mark is still here. */
  keepsAllSince(mark: number): boolean {
    return this.#forgotten <= mark;
  }

  /** Something may have been stored that was never told: no earlier mark holds any more. */
  interrupt(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#told += 1;
    this.#forgotten = this.#told;
  }

  /** The kept chunk that holds this line. */
  holding(seq: number): SharedChunk | undefined {
    return this.#chunks.find((shared) => shared.holds(seq));
  }
}
