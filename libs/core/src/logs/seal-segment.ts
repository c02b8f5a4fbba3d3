import { isFailure } from '../failure.ts';
import type { Clock } from '../time/clock.ts';
import { linesOf, type LogChunk } from './log-chunk.ts';
import { segmentName, segmentRef, segmentsInOrder, type LogSegment, type SegmentBlock } from './log-segment.ts';
import type { LogStore } from './log-store.ts';
import { decodeBlock, encodeBlock } from './segment-block.ts';
import { decodeIndex, encodeIndex, type SegmentIndex } from './segment-index.ts';
import { pageOfChunks } from './stored-chunks.ts';

/** How a log is cut into segments. */
export interface SegmentSize {
  /** A segment is full with so many bytes of bodies, or so many chunks. */
  readonly bytes: number;
  readonly chunks: number;
  /** Bytes of bodies a block. A chunk is never cut, so a block may have up to one chunk more. */
  readonly blockBytes: number;
  /** An ended log of no more chunks stays as it was stored: one page of a reader, no dearer to keep than a segment, as quick to read. */
  readonly fewChunks: number;
}

export const SEGMENT_SIZE: SegmentSize = {
  bytes: 8 * 1024 * 1024,
  chunks: 1_000,
  blockBytes: 256 * 1024,
  fewChunks: 16,
};
const CHUNKS_A_PAGE = 64;
/** How many segments that end behind the beginning of a new one are looked at. */
const NEIGHBOURS = 4;

export interface SealDeps extends LogStore {
  readonly clock: Clock;
  /** `SEGMENT_SIZE` unless told. */
  readonly segmentSize?: SegmentSize;
}

/** Which chunks may go into a segment: those behind `after` that begin before `until`, up to the first missing line. */
export interface SealRange {
  readonly after: number;
  readonly until: number;
}

/**
 * Seals the next segment of a log: blob first, record second, so that a record never names what is not there. Whoever finds the blob of
 * another, alive or dead, takes it as it is: which chunks begin it is given by its name. Undefined when no chunk is in the range, or,
 * with `onlyFull`, when there are not enough for a whole one. Memory: one segment, compressed, and one page of chunks.
 */
export async function sealSegment(
  deps: SealDeps,
  executionId: string,
  range: SealRange,
  { onlyFull = false }: { readonly onlyFull?: boolean } = {},
): Promise<LogSegment | undefined> {
  const segment = new GrowingSegment(deps.segmentSize ?? SEGMENT_SIZE);
  for await (const chunk of chunksWithin(deps, executionId, range)) {
    await segment.take(chunk);
    if (segment.isFull) break;
  }
  if (segment.isEmpty || (onlyFull && !segment.isFull)) return undefined;
  const { index, blob } = await segment.finish();
  const name = segmentName(executionId, index.from);
  try {
    await deps.archive.put(name, once(blob));
    return await recordSegment(deps, executionId, index, blob.length);
  } catch (error) {
    if (!isFailure(error, 'RECORD_EXISTS')) throw error;
    return adoptSegment(deps, executionId, index.from);
  }
}

/** Chunks in order until a line is missing. One that repeats lines (a runner of ill will) goes where a reader would meet it. */
async function* chunksWithin(
  log: LogStore,
  executionId: string,
  { after, until }: SealRange,
): AsyncGenerator<LogChunk> {
  let cursor = after;
  let expected: number | undefined;
  for (;;) {
    const page = await pageOfChunks(log, executionId, cursor, CHUNKS_A_PAGE);
    for (const chunk of page) {
      if (chunk.from >= until || (expected !== undefined && chunk.from > expected)) return;
      yield chunk;
      cursor = chunk.through;
      expected = chunk.through + 1;
    }
    if (page.length < CHUNKS_A_PAGE) return;
  }
}

/** A segment as it is made: blocks are compressed as soon as they are full. */
class GrowingSegment {
  readonly #size: SegmentSize;
  readonly #blocks: SegmentBlock[] = [];
  readonly #parts: Buffer[] = [];
  #block: LogChunk[] = [];
  #blockBytes = 0;
  #offset = 0;
  #chunks = 0;
  #bytes = 0;

  constructor(size: SegmentSize) {
    this.#size = size;
  }

  get isEmpty(): boolean {
    return this.#chunks === 0;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#size.bytes || this.#chunks >= this.#size.chunks;
  }

  async take(chunk: LogChunk): Promise<void> {
    this.#block.push(chunk);
    this.#blockBytes += chunk.body.byteLength;
    this.#bytes += chunk.body.byteLength;
    this.#chunks += 1;
    if (this.#blockBytes >= this.#size.blockBytes) await this.#endBlock();
  }

  async finish(): Promise<{ readonly index: SegmentIndex; readonly blob: Buffer }> {
    await this.#endBlock();
    const index: SegmentIndex = {
      from: this.#blocks[0]!.from,
      through: this.#blocks.at(-1)!.through,
      chunks: this.#chunks,
      bytes: this.#bytes,
      blocks: this.#blocks,
    };
    return { index, blob: Buffer.concat([...this.#parts, encodeIndex(index)]) };
  }

  async #endBlock(): Promise<void> {
    if (this.#block.length === 0) return;
    const part = await encodeBlock(this.#block);
    this.#blocks.push({ ...spanOf(this.#block), offset: this.#offset, length: part.length });
    this.#parts.push(part);
    this.#offset += part.length;
    this.#block = [];
    this.#blockBytes = 0;
  }
}

/** What an index says of a block, but for where it is. */
function spanOf(block: readonly LogChunk[]): Omit<SegmentBlock, 'offset' | 'length'> {
  const [first, last] = [block[0]!, block.at(-1)!];
  return {
    from: first.from,
    through: last.through,
    first_ms: linesOf(first)[0]?.ms ?? 0,
    last_ms: linesOf(last).at(-1)?.ms ?? 0,
  };
}

/** The blob is there and its record may not be: somebody is between the two, or died there. */
async function adoptSegment(deps: SealDeps, executionId: string, from: number): Promise<LogSegment | undefined> {
  const name = segmentName(executionId, from);
  const stream = await deps.archive.get(name);
  // Gone meanwhile: its log expired.
  if (!stream) return undefined;
  const blob = Buffer.concat(await Array.fromAsync(stream));
  return recordSegment(deps, executionId, await indexOf(blob, executionId, from), blob.length);
}

/** The index of a blob as its blocks have it: each of them has a checksum, what is written of them behind them has none. */
async function indexOf(blob: Buffer, executionId: string, from: number): Promise<SegmentIndex> {
  const blocks: SegmentBlock[] = [];
  let [chunks, bytes, end] = [0, 0, 0];
  for (const { offset, length } of decodeIndex(blob).blocks) {
    const block = await decodeBlock(executionId, blob.subarray(offset, offset + length));
    const span = spanOf(block);
    if (offset !== end || (offset === 0 && span.from !== from)) {
      throw new Error(`the index of ${segmentName(executionId, from)} is damaged`);
    }
    blocks.push({ ...span, offset, length });
    chunks += block.length;
    bytes += block.reduce((sum, { body }) => sum + body.byteLength, 0);
    end = offset + length;
  }
  if (blocks.length === 0) throw new Error(`${segmentName(executionId, from)} holds no block`);
  return { from, through: blocks.at(-1)!.through, chunks, bytes, blocks };
}

/**
 * Undefined when one of the two, this segment and one that another archiver has recorded, lies within the other: a line that came late
 * was read by one of them alone. Readers go by where segments end, and would miss it; what is not recorded is sealed the next time.
 */
async function recordSegment(
  { records, archive, clock }: SealDeps,
  executionId: string,
  index: SegmentIndex,
  storedBytes: number,
): Promise<LogSegment | undefined> {
  const ref = segmentRef(executionId, index.from);
  const segment = { execution_id: executionId, ...index, stored_bytes: storedBytes, sealed_at_ms: clock.now() };
  const recorded = await records.transact(async (tx) => {
    const known = await tx.get(ref);
    if (known) return known;
    const args = { equal: { execution_id: executionId }, after: index.from - 1, limit: NEIGHBOURS };
    const { records: others } = await tx.page(segmentsInOrder, args);
    if (others.some(({ value }) => isWithin(value, index) || isWithin(index, value))) return undefined;
    tx.create(ref, segment);
    return segment;
  });
  if (!recorded) await archive.delete(segmentName(executionId, index.from));
  return recorded;
}

type Span = Pick<SegmentIndex, 'from' | 'through'>;
const isWithin = (inner: Span, outer: Span): boolean => outer.from <= inner.from && inner.through <= outer.through;

async function* once(blob: Buffer): AsyncGenerator<Uint8Array> {
  yield blob;
}
