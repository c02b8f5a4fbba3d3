import type { Execution } from '../src/executions/execution.ts';
import { linesOf, type LogChunk } from '../src/logs/log-chunk.ts';
import { segmentName, type LogSegment } from '../src/logs/log-segment.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import { checkBatch } from './invariants.ts';
import type { RunTruth } from './run-truth.ts';
import { blocksOf, type SealedChunk } from './sealed-blob.ts';
import type { World } from './world.ts';
import type { Write } from './write.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Where the lines of logs lie, as each of them is stored, sealed, removed and given up for its age. A line that was stored once lies
 * somewhere for ever, as a record or in a segment that can be read, until its log is older than logs are kept.
 */
export class LogWatch {
  readonly #world: World;
  readonly #blobs: KeptBlobs;

  constructor(world: World, blobs: KeptBlobs) {
    this.#world = world;
    this.#blobs = blobs;
  }

  /** A record of a chunk. */
  chunk(write: Write): void {
    const world = this.#world;
    const { ref, value, kind } = write;
    const run = world.runs.get(ref.id.slice(0, 32));
    if (!run) return world.violate('foreign-line', `a chunk of nobody: ${ref.id}`);
    if (kind === 'delete') return this.#chunkRemoved(run, Number(ref.id.slice(33)));
    const chunk = value as LogChunk;
    if (chunk.execution_id !== run.id) world.violate('foreign-line', `a chunk of another run: ${ref.id}`);
    const isAgain = run.chunks.has(chunk.from);
    // Once a log has expired its lanes may bring lines again; they are removed in their turn.
    const isExpired = run.removed.has(chunk.from) && run.execution?.log_expired !== undefined;
    if (kind === 'set' || (isAgain && !isExpired)) {
      const found = run.removed.has(chunk.from) ? 'found their number free' : 'were stored again';
      return world.violate('exactly-once', `${run.label}: lines from ${chunk.from} ${found}`);
    }
    run.removed.delete(chunk.from);
    if ([...run.chunks.keys()].some((from) => from > chunk.from)) world.reach('batch-overtakes');
    run.chunks.set(chunk.from, chunk);
    if (!isAgain) run.chunkStoredMs.set(chunk.from, world.nowMs);
    if (run.droppedByFastLane.has(chunk.from)) world.reach('refilled-by-lane');
    if (run.droppedBySafetyLane.has(chunk.from)) world.reach('carried-by-fast-lane');
    world.trace.step(`${run.label} lines ${chunk.from}-${chunk.through} stored`);
    checkBatch(world, run, chunk);
  }

  #chunkRemoved(run: RunTruth, from: number): void {
    const world = this.#world;
    const chunk = run.chunks.get(from);
    if (!chunk || run.removed.has(from)) return;
    run.removed.add(from);
    world.trace.step(`${run.label} lines ${from}-${chunk.through} are records no more`);
    if (run.execution?.log_expired) return world.reach('expired-lines-removed');
    world.reach('sealed-lines-removed');
    // What its runner signed is taken until then: a batch that comes again must find its number taken.
    if (world.wallMs < run.cut.get(from)!.expires_at) {
      world.violate('exactly-once', `${run.label}: lines from ${from} are removed while their batch may come again`);
    }
    const segments = [...run.segments.values()].filter((s) => s.from <= from && chunk.through <= s.through);
    if (!segments.some((segment) => this.#readBack(segment)?.some((sealed) => isSame(sealed, chunk)))) {
      world.violate('line-missing', `${run.label}: lines from ${from} are removed and no segment holds them`);
    }
  }

  /** A record of a segment: [line-missing], [line-changed], [exactly-once]. */
  segment({ ref, value, kind }: Write): void {
    const world = this.#world;
    const run = world.runs.get(ref.id.slice(0, 32));
    if (!run) return world.violate('foreign-line', `a segment of nobody: ${ref.id}`);
    const from = Number(ref.id.slice(33));
    if (kind === 'delete') {
      if (!run.segments.delete(from)) return;
      if (!run.execution?.log_expired) world.violate('line-missing', `${run.label}: a segment of it is forgotten`);
      return;
    }
    const segment = value as LogSegment;
    if (kind === 'set' || run.segments.has(from)) {
      return world.violate('line-changed', `${run.label}: its segment from ${from} is stored again`);
    }
    // Two may share lines, of which readers pass by one, but none may lie within the other: readers go by where they end.
    const other = [...run.segments.values()].find((known) => isWithin(known, segment) || isWithin(segment, known));
    if (other) world.violate('exactly-once', `${run.label}: two segments hold line ${Math.max(from, other.from)}`);
    run.segments.set(from, segment);
    world.reach(run.endStoredMs === undefined ? 'sealed-while-running' : 'sealed-after-end');
    world.trace.step(`${run.label} lines ${from}-${segment.through} sealed`);
    // Whoever expires the log removes its blobs at the same time.
    if (!run.execution?.log_expired) this.#checkSealed(run, segment);
  }

  #checkSealed(run: RunTruth, segment: LogSegment): void {
    const world = this.#world;
    const { from, through, blocks, chunks } = segment;
    const own = [...run.chunks.values()]
      .filter((chunk) => chunk.from >= from && chunk.from <= through)
      .toSorted((a, b) => a.from - b.from);
    let next = from;
    for (const chunk of own) {
      if (chunk.from !== next) break;
      next = chunk.through + 1;
    }
    if (next !== through + 1 || own.length !== chunks) {
      return world.violate(
        'line-missing',
        `${run.label}: lines ${from}-${through} are sealed, line ${next} is missing`,
      );
    }
    const name = segmentName(run.id, from);
    const blob = this.#blobs.blobs.get(name);
    if (!blob) return world.violate('line-missing', `${run.label}: a segment is recorded and its blob is not there`);
    const sealed = blocksOf(blob, segment);
    // What cannot be read can be no proof, and its records stay.
    if (!sealed && this.#blobs.isDamaged(name)) return;
    const all = sealed?.flat() ?? [];
    if (!sealed || all.length !== own.length || !own.every((chunk, at) => isSame(all[at]!, chunk))) {
      return world.violate('line-changed', `${run.label}: the segment of lines ${from}-${through} holds other lines`);
    }
    for (const [at, block] of sealed.entries()) {
      const [first, last] = [run.chunks.get(block[0]!.from)!, run.chunks.get(block.at(-1)!.from)!];
      const stated = blocks[at]!;
      const isTrue =
        stated.from === first.from &&
        stated.through === last.through &&
        stated.first_ms === linesOf(first)[0]!.ms &&
        stated.last_ms === linesOf(last).at(-1)!.ms;
      if (!isTrue) world.violate('line-missing', `${run.label}: the index of its segment from ${from} is wrong`);
    }
  }

  /** A blob is removed: of a log that is not kept, or one that was put in vain. */
  blobRemoved(name: string): void {
    const [, id = '', file = ''] = name.split('/');
    const run = this.#world.runs.get(id);
    if (!run?.segments.has(Number.parseInt(file, 10)) || run.execution?.log_expired) return;
    this.#world.violate('line-missing', `${run.label}: the blob ${file} is deleted`);
  }

  /** That a log is not kept any more is stored when it is old enough, and stays: [expired-early]. */
  execution(run: RunTruth, before: Execution | undefined, after: Execution, keptDays: number): void {
    const world = this.#world;
    if (before?.log_expired && !after.log_expired) world.violate('expired-early', `${run.label}: its log came back`);
    if (!after.log_expired || before?.log_expired) return;
    world.trace.step(`the log of ${run.label} has expired`);
    world.reach('log-expires');
    const endedMs = Math.min(after.completed_at_ms ?? Infinity, run.endStoredMs ?? Infinity);
    // What the end was stored with was read from a clock that may have been wrong.
    const dueMs = endedMs + keptDays * DAY_MS - (world.hasClockJumped ? HOUR_MS : 0);
    if (keptDays > 0 && world.wallMs >= dueMs) return;
    world.violate('expired-early', `the log of ${run.label} is given up, kept for ${keptDays} days after its end`);
  }

  #readBack(segment: LogSegment): SealedChunk[] | undefined {
    const blob = this.#blobs.blobs.get(segmentName(segment.execution_id, segment.from));
    return blob && blocksOf(blob, segment)?.flat();
  }
}

function isSame(sealed: SealedChunk, chunk: LogChunk): boolean {
  return (
    sealed.from === chunk.from &&
    sealed.through === chunk.through &&
    sealed.content_hash === chunk.content_hash &&
    sealed.body === Buffer.from(chunk.body).toString()
  );
}

function isWithin(inner: LogSegment, outer: LogSegment): boolean {
  return outer.from <= inner.from && inner.through <= outer.through;
}
