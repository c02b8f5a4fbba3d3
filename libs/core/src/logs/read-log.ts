import type { LogLine } from '@runvoy/protocol';
import type { Stored } from '../records/records.ts';
import { chunksBackwards, chunksInOrder, linesOf, type LogChunk } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';

/** Chunks a page: at 100 KiB a chunk this bounds what a slow reader keeps in memory. */
const CHUNKS_A_PAGE = 16;

/**
 * The stored chunks that hold anything after line `after`, in order, read in pages as the caller consumes them.
 * What lies between two of them is missing.
 */
export async function* readChunks(
  { records }: LogStore,
  executionId: string,
  after: number,
  chunksAPage = CHUNKS_A_PAGE,
): AsyncGenerator<LogChunk, void, undefined> {
  let cursor = after;
  while (true) {
    // Pages continue by sequence number, not by store cursor: the same cursor that every door hands out.
    const page: readonly Stored<LogChunk>[] = (
      await records.page(chunksInOrder, { equal: { execution_id: executionId }, after: cursor, limit: chunksAPage })
    ).records;
    for (const { value } of page) yield value;
    const last = page.at(-1);
    if (!last || page.length < chunksAPage) return;
    cursor = last.value.through;
  }
}

/** The first page of chunks, in one read, and whether there are no others. */
export async function readFirstChunks(
  { records }: LogStore,
  executionId: string,
): Promise<{ readonly chunks: readonly LogChunk[]; readonly isAll: boolean }> {
  const page = await records.page(chunksInOrder, {
    equal: { execution_id: executionId },
    after: 0,
    limit: CHUNKS_A_PAGE,
  });
  const chunks = page.records.map(({ value }) => value);
  return { chunks, isAll: chunks.length < CHUNKS_A_PAGE };
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

/** The highest stored sequence number; 0 when nothing is stored. */
export async function readTail({ records }: LogStore, executionId: string): Promise<number> {
  const { records: last } = await records.page(chunksBackwards, { equal: { execution_id: executionId }, limit: 1 });
  return last[0]?.value.through ?? 0;
}

/** The lowest stored sequence number; 0 when nothing is stored. */
export async function readHead({ records }: LogStore, executionId: string): Promise<number> {
  const { records: first } = await records.page(chunksInOrder, { equal: { execution_id: executionId }, limit: 1 });
  return first[0]?.value.from ?? 0;
}
