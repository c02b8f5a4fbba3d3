import { createHash } from 'node:crypto';
import type { LogChunk } from './log-chunk.ts';

/** Of one log, how many batches may wait for their turn or for the store: a runner has eight on their way. */
const BATCHES_UNDER_WAY = 16;

/** A batch whose rows are not in the digest yet, or which is not stored yet. */
interface BatchUnderWay {
  readonly through: number;
  readonly content_hash: string;
  /** A copy of its rows until it is their turn. */
  rows: Uint8Array | undefined;
  isStored: boolean;
}

/** What a log amounts to that this process has stored from its first line on. */
export interface GrownDigest {
  readonly lines: number;
  readonly chunks: number;
  /** Hex, over the rows of the lines. */
  readonly sha256: string;
}

/**
 * The digest of one log, which grows with each batch that is taken. What it says holds for batches that were stored with the content
 * that was taken: each is remembered until that is so. It gives up, and says nothing any more, when too many are under way, or something
 * else was stored.
 */
export class GrowingDigest {
  readonly #hash = createHash('sha256');
  #next = 1;
  #chunks = 0;
  #isGivenUp = false;
  readonly #underWay = new Map<number, BatchUnderWay>();

  /** The bytes of the rows that wait for their turn. */
  get keptBytes(): number {
    let bytes = 0;
    for (const { rows } of this.#underWay.values()) bytes += rows?.length ?? 0;
    return bytes;
  }

  /** A batch has come; `rows`, asked for at most once, makes its digest rows, which may be overwritten afterwards. */
  take({ from, through, content_hash }: LogChunk, rows: () => Uint8Array): void {
    // One that comes again adds nothing: whether it is the same is seen when it is stored.
    if (this.#isGivenUp || from < this.#next || this.#underWay.has(from)) return;
    if (this.#underWay.size === BATCHES_UNDER_WAY) return this.giveUp();
    const batch: BatchUnderWay = { through, content_hash, rows: undefined, isStored: false };
    this.#underWay.set(from, batch);
    if (from > this.#next) {
      batch.rows = new Uint8Array(rows());
      return;
    }
    this.#add(from, batch, rows());
    for (let next = this.#next; ; next = this.#next) {
      const waiting = this.#underWay.get(next);
      if (!waiting?.rows) return;
      this.#add(next, waiting, waiting.rows);
    }
  }

  #add(from: number, batch: BatchUnderWay, rows: Uint8Array): void {
    this.#hash.update(rows);
    this.#next = batch.through + 1;
    batch.rows = undefined;
    if (batch.isStored) this.#underWay.delete(from);
  }

  /** This process, and nobody else, has put this chunk into the store, for good. */
  stored({ from, content_hash }: LogChunk): void {
    const batch = this.#underWay.get(from);
    if (batch?.content_hash !== content_hash) return this.giveUp();
    this.#chunks += 1;
    batch.isStored = true;
    if (!batch.rows) this.#underWay.delete(from);
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.#underWay.clear();
  }

  /** Undefined when it was given up, or when any batch that was taken is not stored or lies behind a gap. */
  get grown(): GrownDigest | undefined {
    if (this.#isGivenUp || this.#underWay.size > 0) return undefined;
    return { lines: this.#next - 1, chunks: this.#chunks, sha256: this.#hash.copy().digest('hex') };
  }
}
