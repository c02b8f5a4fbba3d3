import { executionRef, type Execution } from '../executions/execution.ts';
import { wantsLog } from '../import/import-executions.ts';
import { sessionEndMs } from './archive-plan.ts';
import { assessLog } from './assess-log.ts';
import { chunksInOrder } from './log-chunk.ts';
import { GAPS_NAMED, type LogManifest } from './log-manifest.ts';
import type { LogSegment } from './log-segment.ts';
import { segmentBelow, segmentsAfter } from './read-segments.ts';
import { SEGMENT_SIZE, sealSegment, type SealDeps, type SealRange } from './seal-segment.ts';

/** Of a log with more holes than that the rest stays as records: each piece between two holes would be a blob. */
const PIECES_AT_MOST = 200;

/**
 * Seals whole segments of a run that goes on. What is left for the next time is less than a segment; nothing is written for it.
 * Answers how many were sealed.
 */
export async function sealGrowingLog(deps: SealDeps, executionId: string): Promise<number> {
  let after = (await segmentBelow(deps, executionId, Infinity))?.through ?? 0;
  let waiting = await deps.records.count(chunksInOrder, { equal: { execution_id: executionId }, after });
  const { chunks } = deps.segmentSize ?? SEGMENT_SIZE;
  let sealed = 0;
  while (waiting >= chunks) {
    const segment = await sealSegment(deps, executionId, { after, until: Infinity }, { onlyFull: true });
    if (!segment || segment.through <= after) break;
    after = segment.through;
    waiting -= segment.chunks;
    sealed += 1;
  }
  return sealed;
}

/**
 * Seals what is left of a log that has ended and stores its manifest with the run. Again and again the same: what is sealed stays as it
 * is, lines that came late get segments of their own. A log of few chunks stays as it was stored. Answers how many were sealed.
 */
export async function sealEndedLog(deps: SealDeps, execution: Execution): Promise<number> {
  const { execution_id } = execution;
  const known = await Array.fromAsync(segmentsAfter(deps, execution_id, 0));
  const isSmall = known.length === 0 && (await isOfFewChunks(deps, execution_id));
  const fresh = isSmall ? [] : await sealUncovered(deps, execution_id, known);
  const manifest = isSmall ? undefined : await manifestOf(deps, execution, [...known, ...fresh]);
  await storeManifest(deps, execution_id, manifest);
  return fresh.length;
}

async function isOfFewChunks(deps: SealDeps, executionId: string): Promise<boolean> {
  const { fewChunks } = deps.segmentSize ?? SEGMENT_SIZE;
  return (await deps.records.count(chunksInOrder, { equal: { execution_id: executionId } })) <= fewChunks;
}

async function sealUncovered(
  deps: SealDeps,
  executionId: string,
  known: readonly LogSegment[],
): Promise<readonly LogSegment[]> {
  const fresh: LogSegment[] = [];
  let pieces = 0;
  for (const { after, until } of uncovered(known)) {
    let cursor = after;
    while (pieces < PIECES_AT_MOST) {
      const segment = await sealSegment(deps, executionId, { after: cursor, until });
      if (!segment || segment.through <= cursor) break;
      // One that continues the one before is not a piece of its own.
      if (segment.from > cursor + 1) pieces += 1;
      cursor = segment.through;
      fresh.push(segment);
    }
  }
  return fresh;
}

/** Where chunks may lie that no segment holds. */
function* uncovered(segments: readonly LogSegment[]): Generator<SealRange> {
  let after = 0;
  for (const { from, through } of segments) {
    if (from > after + 1) yield { after, until: from };
    after = Math.max(after, through);
  }
  yield { after, until: Infinity };
}

async function manifestOf(deps: SealDeps, execution: Execution, segments: readonly LogSegment[]): Promise<LogManifest> {
  const { completeness, lines, bytes, sha256, gaps } = await assessLog(deps, execution);
  return {
    sealed_at_ms: deps.clock.now(),
    segments: segments.length,
    lines,
    ...(bytes === undefined ? {} : { bytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    stored_bytes: segments.reduce((sum, { stored_bytes }) => sum + stored_bytes, 0),
    completeness,
    gaps: gaps.slice(0, GAPS_NAMED),
  };
}

/** True for what says the same of a log, whenever it was sealed. */
function isSame(manifest: LogManifest | undefined, known: LogManifest | undefined): boolean {
  if (manifest === undefined || known === undefined) return manifest === undefined;
  const { segments, completeness, lines, sha256, stored_bytes } = known;
  return (
    manifest.segments === segments &&
    manifest.completeness === completeness &&
    manifest.lines === lines &&
    manifest.sha256 === sha256 &&
    manifest.stored_bytes === stored_bytes
  );
}

/** With a manifest the archiver comes again when no line can come any more; without one it has nothing left to do. */
async function storeManifest(
  { records, clock }: SealDeps,
  executionId: string,
  manifest: LogManifest | undefined,
): Promise<void> {
  await records.transact(async (tx) => {
    const execution = await tx.get(executionRef(executionId));
    if (!execution || execution.log_expired) return;
    // Segments only become more: who found fewer than are stored looked before another archiver had made them.
    if ((manifest?.segments ?? 0) < (execution.log_archive?.segments ?? 0)) return;
    const { archive_due_at_ms, ...rest } = execution;
    const dueMs = sessionEndMs(execution);
    // The log of an imported run that is not whole may be brought once more: its records stay for as long as it does.
    const isLast = wantsLog(execution) && clock.now() >= dueMs;
    const due = manifest === undefined || isLast ? undefined : dueMs;
    // Another archiver may have stored the same.
    if (archive_due_at_ms === due && isSame(manifest, execution.log_archive)) return;
    const after: Execution = {
      ...rest,
      ...(manifest === undefined ? {} : { log_archive: manifest }),
      ...(due === undefined ? {} : { archive_due_at_ms: due }),
    };
    tx.set(executionRef(executionId), after);
  });
}
