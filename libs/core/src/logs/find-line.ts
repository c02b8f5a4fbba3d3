import type { Millis } from '../time/clock.ts';
import { chunksBackwards, chunksInOrder, linesOf, type LogChunk } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';
import { readTail } from './read-log.ts';

/** Backwards a chunk's lines are only counted, so a page may hold many. */
const CHUNKS_A_PAGE = 16;

/** The cursor before the last `count` stored lines; 0 when there are no more than that. Missing lines do not count. */
export async function cursorBeforeLast({ records }: LogStore, executionId: string, count: number): Promise<number> {
  let left = count;
  let from: string | undefined;
  do {
    const args = { equal: { execution_id: executionId }, limit: CHUNKS_A_PAGE };
    const page = await records.page(chunksBackwards, args, from);
    for (const { value } of page.records) {
      const lines = value.through - value.from + 1;
      if (lines >= left) return value.through - left;
      left -= lines;
    }
    from = page.next;
  } while (from !== undefined);
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
    const chunk = await chunkAfter(log, executionId, middle);
    if (!chunk) high = middle;
    else if ((linesOf(chunk).at(-1)?.ms ?? 0) < atMs) low = chunk.through;
    // What lies between is missing, or this very chunk.
    else high = Math.max(low, Math.min(middle, chunk.from - 1));
  }
  const chunk = await chunkAfter(log, executionId, low);
  const first = chunk && linesOf(chunk).find((line) => line.seq > low && line.ms >= atMs);
  return first ? first.seq - 1 : tail;
}

async function chunkAfter({ records }: LogStore, executionId: string, cursor: number): Promise<LogChunk | undefined> {
  const { records: found } = await records.page(chunksInOrder, {
    equal: { execution_id: executionId },
    after: cursor,
    limit: 1,
  });
  return found[0]?.value;
}
