import { Failure } from '../failure.ts';
import type { LogChunk } from './log-chunk.ts';
import { segmentName, segmentsBackwards, segmentsInOrder, type LogSegment, type SegmentBlock } from './log-segment.ts';
import type { LogStore } from './log-store.ts';
import { decodeBlock } from './segment-block.ts';

const SEGMENTS_A_PAGE = 8;

/** The segments that end behind line `after`, in order, in pages as they are consumed. */
export async function* segmentsAfter(
  { records }: Pick<LogStore, 'records'>,
  executionId: string,
  after: number,
  segmentsAPage = SEGMENTS_A_PAGE,
): AsyncGenerator<LogSegment, void, undefined> {
  let cursor = after;
  for (;;) {
    const args = { equal: { execution_id: executionId }, after: cursor, limit: segmentsAPage };
    const page = (await records.page(segmentsInOrder, args)).records;
    for (const { value } of page) yield value;
    const last = page.at(-1);
    if (!last || page.length < segmentsAPage) return;
    cursor = last.value.through;
  }
}

/** The segment that holds the highest sealed line below `below`; any line when that is Infinity. */
export async function segmentBelow(
  log: Pick<LogStore, 'records'>,
  executionId: string,
  below: number,
): Promise<LogSegment | undefined> {
  const equal = { execution_id: executionId };
  if (below !== Infinity) {
    const [next] = (await log.records.page(segmentsInOrder, { equal, after: below - 2, limit: 1 })).records;
    if (next && next.value.from < below) return next.value;
  }
  const from = below === Infinity ? {} : { from: below - 1 };
  return (await log.records.page(segmentsBackwards, { equal, ...from, limit: 1 })).records[0]?.value;
}

/**
 * The chunks of a segment that end behind line `after`. From the first block that is wanted the blob is read as one stream, a block at a
 * time. Rejects with `STORE_UNAVAILABLE` when the blob is not there or is damaged: what a record names is never taken for nothing.
 */
export async function* chunksOfSegment(
  { archive }: Pick<LogStore, 'archive'>,
  segment: LogSegment,
  after: number,
): AsyncGenerator<LogChunk, void, undefined> {
  const wanted = segment.blocks.filter(({ through }) => through > after);
  const first = wanted[0];
  if (!first) return;
  const last = wanted.at(-1)!;
  const range = { from: first.offset, length: last.offset + last.length - first.offset };
  const stream = await archive.get(segmentName(segment.execution_id, segment.from), range);
  if (!stream) throw damaged(segment, 'is not in the archive');
  let index = 0;
  for await (const part of cutInto(stream, wanted)) {
    index += 1;
    for (const chunk of await decoded(segment, part)) if (chunk.through > after) yield chunk;
  }
  if (index < wanted.length) throw damaged(segment, 'ends too early');
}

/** The chunks of one block. */
export async function chunksOfBlock(
  { archive }: Pick<LogStore, 'archive'>,
  segment: LogSegment,
  { offset, length }: SegmentBlock,
): Promise<readonly LogChunk[]> {
  const stream = await archive.get(segmentName(segment.execution_id, segment.from), { from: offset, length });
  if (!stream) throw damaged(segment, 'is not in the archive');
  const part = Buffer.concat(await Array.fromAsync(stream));
  if (part.length < length) throw damaged(segment, 'ends too early');
  return decoded(segment, part);
}

async function decoded(segment: LogSegment, part: Buffer): Promise<LogChunk[]> {
  try {
    return await decodeBlock(segment.execution_id, part);
  } catch (cause) {
    throw damaged(segment, 'is damaged', cause);
  }
}

/** A stream comes in pieces of any size. */
async function* cutInto(
  stream: AsyncIterable<Uint8Array>,
  parts: readonly SegmentBlock[],
): AsyncGenerator<Buffer, void, undefined> {
  let held: Uint8Array[] = [];
  let size = 0;
  let next = 0;
  for await (const piece of stream) {
    held.push(piece);
    size += piece.length;
    while (next < parts.length && size >= parts[next]!.length) {
      const all = Buffer.concat(held);
      const { length } = parts[next]!;
      next += 1;
      yield all.subarray(0, length);
      held = [all.subarray(length)];
      size -= length;
    }
  }
}

function damaged({ execution_id, from }: LogSegment, what: string, cause?: unknown): Failure {
  const error = new Error(`the segment ${segmentName(execution_id, from)} ${what}`, { cause });
  return new Failure('STORE_UNAVAILABLE', '', { cause: error });
}
