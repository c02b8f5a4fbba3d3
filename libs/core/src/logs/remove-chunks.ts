import { createHash } from 'node:crypto';
import { executionRef, type Execution } from '../executions/execution.ts';
import { chunkRef, type LogChunk } from './log-chunk.ts';
import type { LogSegment } from './log-segment.ts';
import { chunksOfSegment, segmentsAfter } from './read-segments.ts';
import { sealEndedLog } from './seal-log.ts';
import type { SealDeps } from './seal-segment.ts';
import { pageOfChunks } from './stored-chunks.ts';

/** Records removed in one transaction. */
const CHUNKS_A_TURN = 64;

/**
 * Removes the records of chunks that a segment holds, oldest first, so that what is left of them is always the end of the log. Each
 * segment is read back before: a record goes only when the same chunk was found in it, byte for byte. To be called when no line of
 * the run can come any more: a duplicate must never find its number free. Answers whether it came to the end before `untilMs`.
 * Fails when a segment cannot be read or does not agree; its chunks then stay.
 */
export async function removeSealedChunks(
  deps: SealDeps,
  execution: Execution,
  untilMs: number,
): Promise<{ readonly removed: number; readonly isDone: boolean }> {
  const { execution_id } = execution;
  // Lines may have come since it was sealed.
  await sealEndedLog(deps, execution);
  let held: HeldSegment | undefined;
  let cursor = 0;
  let removed = 0;
  for (;;) {
    const page = await pageOfChunks(deps, execution_id, cursor, CHUNKS_A_TURN);
    if (page.length === 0) break;
    const agreed: LogChunk[] = [];
    for (const chunk of page) {
      if (!held || chunk.through > held.segment.through) held = await holding(deps, chunk);
      if (held?.holds(chunk)) agreed.push(chunk);
    }
    await deps.records.transact(async (tx) => {
      for (const { from } of agreed) tx.delete(chunkRef(execution_id, from));
    });
    removed += agreed.length;
    cursor = page.at(-1)!.through;
    if (deps.clock.now() >= untilMs) return { removed, isDone: false };
  }
  await noteRemoval(deps, execution_id);
  return { removed, isDone: true };
}

/** The segment that a chunk lies in, read back whole; undefined when there is none. */
async function holding(deps: SealDeps, chunk: LogChunk): Promise<HeldSegment | undefined> {
  for await (const segment of segmentsAfter(deps, chunk.execution_id, chunk.through - 1, 1)) {
    if (segment.from > chunk.through) return undefined;
    const prints = new Map<number, string>();
    for await (const sealed of chunksOfSegment(deps, segment, 0)) prints.set(sealed.from, printOf(sealed));
    return new HeldSegment(segment, prints);
  }
  return undefined;
}

/** What was found in a segment: of each chunk a digest, so that it may be as large as it is. */
class HeldSegment {
  readonly segment: LogSegment;
  readonly #prints: ReadonlyMap<number, string>;

  constructor(segment: LogSegment, prints: ReadonlyMap<number, string>) {
    this.segment = segment;
    this.#prints = prints;
  }

  holds(chunk: LogChunk): boolean {
    const print = this.#prints.get(chunk.from);
    // All its lines are in other chunks of the segment: a runner of ill will repeated them.
    if (print === undefined) return chunk.from >= this.segment.from && chunk.through <= this.segment.through;
    if (print === printOf(chunk)) return true;
    const { execution_id, from } = chunk;
    throw new Error(
      `the log of ${execution_id}: lines from ${from} are not the same in their segment as in their record`,
    );
  }
}

function printOf({ from, through, content_hash, body }: LogChunk): string {
  return createHash('sha256').update(`${from} ${through} ${content_hash}\n`).update(body).digest('base64');
}

async function noteRemoval({ records, clock }: SealDeps, executionId: string): Promise<void> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    if (!execution?.log_archive || execution.archive_due_at_ms === undefined) return;
    const { archive_due_at_ms: _, ...rest } = execution;
    const log_archive = { ...execution.log_archive, chunks_removed_at_ms: clock.now() };
    tx.set(executionRef(executionId), { ...rest, log_archive });
  });
}
