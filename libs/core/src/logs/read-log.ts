import type { LogLine } from '@runvoy/protocol';
import { chunksBackwards, chunksInOrder, linesOf, type LogChunk } from './log-chunk.ts';
import type { LogSegment } from './log-segment.ts';
import type { LogStore } from './log-store.ts';
import { rawLines, type RawLine } from './raw-line.ts';
import { chunksOfSegment, segmentBelow, segmentsAfter } from './read-segments.ts';
import { pageOfChunks } from './stored-chunks.ts';

/** Chunks a page: at 100 KiB a chunk this bounds what a slow reader keeps in memory. */
const CHUNKS_A_PAGE = 16;

/**
 * The stored chunks that hold anything after line `after`, in order, read in pages as the caller consumes them.
 * What lies between two of them is missing.
 *
 * Records are asked first. They are removed oldest first and only when a segment holds them, so segments are asked where a page does not
 * begin with the next line; and once where a log is long, because a segment is one read of a cloud's store where its chunks are eighty.
 * (With SQLite they cost less CPU than the segment: benchmarks.) A reader whose chunks are removed while it reads so goes on in the segment.
 */
export async function* readChunks(
  log: LogStore,
  executionId: string,
  after: number,
  chunksAPage = CHUNKS_A_PAGE,
): AsyncGenerator<LogChunk, void, undefined> {
  let cursor = after;
  let isLong = false;
  while (true) {
    const page = await pageOfChunks(log, executionId, cursor, chunksAPage);
    const next = page[0]?.from ?? Infinity;
    if (next > cursor + 1) {
      const start = cursor;
      for await (const chunk of sealedChunks(log, executionId, cursor, next)) {
        yield chunk;
        cursor = Math.max(cursor, chunk.through);
      }
      if (cursor > start) continue;
    }
    for (const chunk of page) yield chunk;
    const last = page.at(-1);
    if (!last || page.length < chunksAPage) return;
    cursor = last.through;
    if (isLong) continue;
    isLong = true;
    try {
      for await (const chunk of sealedChunks(log, executionId, cursor, cursor + 2)) {
        yield chunk;
        cursor = Math.max(cursor, chunk.through);
      }
    } catch {
      // The records are still there, or their absence says what is wrong.
    }
  }
}

/** What is sealed behind `cursor` and begins before line `before`, up to the next line that no segment holds. */
async function* sealedChunks(
  log: LogStore,
  executionId: string,
  cursor: number,
  before: number,
): AsyncGenerator<LogChunk, void, undefined> {
  let end = cursor;
  let limit = before;
  for await (const segment of segmentsAfter(log, executionId, cursor)) {
    if (segment.from >= limit) return;
    yield* chunksOfSegment(log, segment, end);
    end = segment.through;
    limit = end + 2;
  }
}

/** The first page of chunks, in one read, and whether there are no others. Of a log whose runner may still add to it. */
export async function readFirstChunks(
  log: LogStore,
  executionId: string,
): Promise<{ readonly chunks: readonly LogChunk[]; readonly isAll: boolean }> {
  const chunks = await pageOfChunks(log, executionId, 0, CHUNKS_A_PAGE);
  return { chunks, isAll: chunks.length < CHUNKS_A_PAGE };
}

/** The first chunks behind line `after`, at most `limit`: a page for who asks for the next one by number. */
export async function readChunkPage(
  log: LogStore,
  executionId: string,
  after: number,
  limit: number,
): Promise<readonly LogChunk[]> {
  const chunks: LogChunk[] = [];
  for await (const chunk of readChunks(log, executionId, after, limit)) {
    chunks.push(chunk);
    if (chunks.length === limit) break;
  }
  return chunks;
}

/** The lines after `after`, in order, chunk by chunk. A jump in `seq` is a gap in the store. */
export async function* readLineBatches(
  log: LogStore,
  executionId: string,
  after: number,
): AsyncGenerator<readonly LogLine[], void, undefined> {
  let last = after;
  for await (const chunk of readChunks(log, executionId, after)) {
    // Chunks of an honest runner never overlap; of any other, each number is shown once.
    const lines = linesOf(chunk);
    const fresh = chunk.from > last ? lines : lines.filter((line) => line.seq > last);
    last = Math.max(last, chunk.through);
    if (fresh.length > 0) yield fresh;
  }
}

/** The same, line by line: for who stops early. */
export async function* readLines(
  log: LogStore,
  executionId: string,
  after: number,
): AsyncGenerator<LogLine, void, undefined> {
  for await (const lines of readLineBatches(log, executionId, after)) yield* lines;
}

/** The same as `readLineBatches` for who only hands lines on. */
export async function* readRawBatches(
  log: LogStore,
  executionId: string,
  after: number,
): AsyncGenerator<readonly RawLine[], void, undefined> {
  let last = after;
  for await (const chunk of readChunks(log, executionId, after)) {
    const lines = rawLines(chunk);
    const fresh = chunk.from > last ? lines : lines.filter(({ seq }) => seq > last);
    last = Math.max(last, chunk.through);
    if (fresh.length > 0) yield fresh;
  }
}

/** The highest stored sequence number; 0 when nothing is stored. */
export async function readTail(log: LogStore, executionId: string): Promise<number> {
  const equal = { execution_id: executionId };
  const { records: last } = await log.records.page(chunksBackwards, { equal, limit: 1 });
  return last[0]?.value.through ?? (await segmentBelow(log, executionId, Infinity))?.through ?? 0;
}

/** The lowest stored sequence number; 0 when nothing is stored. */
export async function readHead(log: LogStore, executionId: string): Promise<number> {
  const equal = { execution_id: executionId };
  const { records: first } = await log.records.page(chunksInOrder, { equal, limit: 1 });
  const stored = first[0]?.value.from;
  if (stored === 1) return stored;
  const sealed = (await firstSegment(log, executionId))?.from;
  return Math.min(stored ?? Infinity, sealed ?? stored ?? 0);
}

async function firstSegment(log: LogStore, executionId: string): Promise<LogSegment | undefined> {
  for await (const segment of segmentsAfter(log, executionId, 0, 1)) return segment;
  return undefined;
}
