import { chunksInOrder, type LogChunk } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';

/** One page of the chunks that are records still and end behind line `after`, in order. */
export async function pageOfChunks(
  { records }: Pick<LogStore, 'records'>,
  executionId: string,
  after: number,
  limit: number,
): Promise<readonly LogChunk[]> {
  // Pages continue by sequence number, not by store cursor: the same cursor that every door hands out.
  const page = await records.page(chunksInOrder, { equal: { execution_id: executionId }, after, limit });
  return page.records.map(({ value }) => value);
}
