import type { SharedChunk } from './shared-chunk.ts';

/** What is kept of the chunks told last, for viewers that were reading the store meanwhile. */
const KEPT_BYTES = 512 * 1024;
const KEPT_CHUNKS = 256;

/** The chunks a feed told of last, within bounds, and the knowledge whether that is all since some moment. */
export class RecentChunks {
  #chunks = new Map<number, SharedChunk>();
  #bytes = 0;
  /** Chunks told so far, and how many of them are certainly no longer kept. */
  #told = 0;
  #forgotten = 0;

  has(from: number): boolean {
    return this.#chunks.has(from);
  }

  add(shared: SharedChunk): void {
    this.#chunks.set(shared.chunk.from, shared);
    this.#bytes += shared.chunk.body.length;
    this.#told += 1;
    for (const [from, { chunk }] of this.#chunks) {
      if (this.#bytes <= KEPT_BYTES && this.#chunks.size <= KEPT_CHUNKS) break;
      this.#chunks.delete(from);
      this.#bytes -= chunk.body.length;
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
    this.#chunks.clear();
    this.#bytes = 0;
    this.#told += 1;
    this.#forgotten = this.#told;
  }

  /** The kept chunk that holds this line. */
  holding(seq: number): SharedChunk | undefined {
    const exact = this.#chunks.get(seq);
    if (exact) return exact;
    for (const shared of this.#chunks.values()) if (shared.holds(seq)) return shared;
    return undefined;
  }
}
