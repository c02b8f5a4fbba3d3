import type { Millis } from '../time/clock.ts';
import { linesOf } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';
import { partsBackwards } from './read-backwards.ts';
import { readChunks, readTail } from './read-log.ts';
import { segmentsAfter } from './read-segments.ts';
import { pageOfChunks } from './stored-chunks.ts';

/** Backwards a chunk's lines are only counted, so a page may hold many. */
const CHUNKS_A_PAGE = 16;

/** The cursor before the last `count` stored lines; 0 when there are no more than that. Missing lines do not count. */
export async function cursorBeforeLast(log: LogStore, executionId: string, count: number): Promise<number> {
  let left = count;
  for await (const part of partsBackwards(log, executionId, CHUNKS_A_PAGE)) {
    const lines = part.through - part.from + 1;
    if (lines >= left) return part.through - left;
    left -= lines;
  }
  return 0;
}

/**
 * The cursor before the first stored line that was written at `atMs` or later; that of the last line when there is none. It is searched
 * for by halves, so a log of a million lines costs about as many reads as one of a thousand. The runner's clock may have been set back
 * while it wrote: then the line that is found is one of those where the time passes `atMs`.
 */
export async function cursorBeforeTime(log: LogStore, executionId: string, atMs: Millis): Promise<number> {
  const tail = await readTail(log, executionId);
  let low = 0;
  let high = tail;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const part = await partAfter(log, executionId, middle);
    if (!part) high = middle;
    else if (part.last_ms < atMs) low = part.through;
    // What lies between is missing, or this very part.
    else high = Math.max(low, Math.min(middle, part.from - 1));
  }
  for await (const chunk of readChunks(log, executionId, low, 1)) {
    const first = linesOf(chunk).find((line) => line.seq > low && line.ms >= atMs);
    if (first) return first.seq - 1;
  }
  return tail;
}

interface TimedPart {
  readonly from: number;
  readonly through: number;
  readonly last_ms: Millis;
}

/** The first part that ends behind `cursor`: a chunk that is a record still, or a block of a segment, by its segment's record alone. */
async function partAfter(log: LogStore, executionId: string, cursor: number): Promise<TimedPart | undefined> {
  const [chunk] = await pageOfChunks(log, executionId, cursor, 1);
  const stored = chunk && { from: chunk.from, through: chunk.through, last_ms: linesOf(chunk).at(-1)?.ms ?? 0 };
  if (stored && stored.from <= cursor + 1) return stored;
  for await (const { blocks } of segmentsAfter(log, executionId, cursor, 1)) {
    const block = blocks.find(({ through }) => through > cursor);
    return block && block.from < (stored?.from ?? Infinity) ? block : stored;
  }
  return stored;
}
