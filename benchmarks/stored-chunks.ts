import { chunksInOrder, type Records } from '@runvoy/core';

/** What is stored of a run's log. */
export interface StoredChunks {
  readonly count: number;
  /** Of their lines, as they are stored. */
  readonly bytes: number;
  /** From the first that was stored to the last; they say it themselves. */
  readonly storedS: number;
}

const PAGE = 16;
/** What a runner says before the command does is less. */
const FIRST_BYTES = 2_000;

/** Reads the chunks of a run. The few that were stored before the command wrote are its runner's own lines, and do not count. */
export async function storedChunks(records: Records, executionId: string): Promise<StoredChunks> {
  const sizes: number[] = [];
  const times: number[] = [];
  for (let after = 0; ;) {
    const page = await records.page(chunksInOrder, { equal: { execution_id: executionId }, after, limit: PAGE });
    for (const { value } of page.records) {
      after = value.through;
      if (sizes.length === 0 && value.body.byteLength < FIRST_BYTES) continue;
      sizes.push(value.body.byteLength);
      times.push(value.stored_at_ms);
    }
    if (page.next === undefined) break;
  }
  const storedS = (Math.max(...times) - Math.min(...times)) / 1_000;
  return { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0), storedS };
}
