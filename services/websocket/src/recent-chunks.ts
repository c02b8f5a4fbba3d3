import type { SharedChunk } from './shared-chunk.ts';

/** What is kept while nobody or a single viewer is behind, and for each one more, until it is enough for all. */
const BYTES_A_VIEWER = 512 * 1024;
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_CHUNKS = 256;

/**
 * The chunks a feed told of last, within bounds, and the knowledge whether that is all since some moment; and those that viewers read
 * from the store last. Whoever falls behind a little goes on from here, as one of many: to read the store for each would take more than
 * sending.
 *
 * They are bounded by how many are behind. One alone is kept no chunk it has read: nobody else would ask for it.
 */
export class RecentChunks {
  /**
   * Lists and no maps: a map that is added to and deleted from is rebuilt every few chunks, and each table it leaves behind leads to the
   * next one. The first that grows old holds all of them, and megabytes of chunks with them, until the whole heap is collected.
   */
  readonly #told: SharedChunk[] = [];
  readonly #read: SharedChunk[] = [];
  /** Chunks told so far, and how many of them are certainly no longer kept. */
  #count = 0;
  #forgotten = 0;

  has(from: number): boolean {
    return this.#told.some(({ chunk }) => chunk.from === from);
  }

  /** A chunk was told. */
  add(shared: SharedChunk, behind: number): void {
    this.#told.push(shared);
    this.#count += 1;
    this.#shorten(behind);
  }

  /** Chunks were read from the store. */
  addRead(chunks: readonly SharedChunk[], behind: number): void {
    for (const shared of chunks) if (!this.holding(shared.chunk.from)) this.#read.push(shared);
    this.#shorten(behind);
  }

  /** A moment to ask about later. */
  mark(): number {
    return this.#count;
  }

  /** True when everything told since the mark is still here. */
  keepsAllSince(mark: number): boolean {
    return this.#forgotten <= mark;
  }

  /** Something may have been stored that was never told: no earlier mark holds any more. */
  interrupt(): void {
    this.#told.length = 0;
    this.#count += 1;
    this.#forgotten = this.#count;
  }

  /** The kept chunk that holds this line. */
  holding(seq: number): SharedChunk | undefined {
    return holding(this.#told, seq) ?? holding(this.#read, seq);
  }

  #shorten(behind: number): void {
    const room = Math.min(MOST_BYTES, Math.max(1, behind) * BYTES_A_VIEWER);
    const toldRoom = Math.max(BYTES_A_VIEWER, room / 2);
    this.#forgotten += shorten(this.#told, toldRoom);
    shorten(this.#read, room - toldRoom);
  }
}

/** Forgets the first until the others are within bounds; answers how many. What is made of them later counts the next time. */
function shorten(chunks: SharedChunk[], mostBytes: number): number {
  let bytes = 0;
  for (const shared of chunks) bytes += shared.bytes;
  let surplus = 0;
  while (bytes > mostBytes || chunks.length - surplus > MOST_CHUNKS) {
    bytes -= chunks[surplus]!.bytes;
    surplus += 1;
  }
  if (surplus > 0) chunks.splice(0, surplus);
  return surplus;
}

function holding(chunks: readonly SharedChunk[], seq: number): SharedChunk | undefined {
  for (const shared of chunks) if (shared.holds(seq)) return shared;
  return undefined;
}
