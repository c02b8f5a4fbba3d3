import { chunksBackwards, type LogChunk } from './log-chunk.ts';
import type { LogSegment, SegmentBlock } from './log-segment.ts';
import type { LogStore } from './log-store.ts';
import { chunksOfBlock, segmentBelow } from './read-segments.ts';

/** Lines that lie together: a chunk that is a record still, or a block of a segment. */
export type LogPart =
  | { readonly from: number; readonly through: number; readonly chunk: LogChunk }
  | { readonly from: number; readonly through: number; readonly segment: LogSegment; readonly block: SegmentBlock };

/** The parts of a log from its last to its first, each line in one of them. Nothing is read from the archive for it. */
export async function* partsBackwards(
  log: LogStore,
  executionId: string,
  chunksAPage: number,
): AsyncGenerator<LogPart, void, undefined> {
  let below = Infinity;
  let from: string | undefined;
  do {
    const args = { equal: { execution_id: executionId }, limit: chunksAPage };
    const page = await log.records.page(chunksBackwards, args, from);
    for (const { value } of page.records) {
      below = Math.min(below, value.from);
      yield { from: value.from, through: value.through, chunk: value };
    }
    from = page.next;
  } while (from !== undefined);
  // Records are removed oldest first: what is sealed below the oldest one has no others.
  while (below > 1) {
    const segment = await segmentBelow(log, executionId, below);
    if (!segment) return;
    for (const block of segment.blocks.toReversed()) {
      if (block.from >= below) continue;
      yield { from: block.from, through: Math.min(block.through, below - 1), segment, block };
    }
    below = Math.min(below - 1, segment.from);
  }
}

/** The same as chunks; blocks are read as they are consumed. The first of a block may hold lines that were in a part before. */
export async function* chunksFromEnd(
  log: LogStore,
  executionId: string,
  chunksAPage: number,
): AsyncGenerator<LogChunk, void, undefined> {
  for await (const part of partsBackwards(log, executionId, chunksAPage)) {
    if ('chunk' in part) {
      yield part.chunk;
      continue;
    }
    const chunks = await chunksOfBlock(log, part.segment, part.block);
    for (const chunk of chunks.toReversed()) if (chunk.from <= part.through) yield chunk;
  }
}
