import { createHash } from 'node:crypto';
import type { LogGap } from '@runvoy/protocol';
import type { EndRecord } from '../executions/execution.ts';
import { digestRows } from './digest-rows.ts';
import type { LogChunk } from './log-chunk.ts';
import type { LogStore } from './log-store.ts';
import { readChunks, readFirstChunks } from './read-log.ts';

/** A long log is digested in turns, so that nobody else waits for it: two full chunks are some two milliseconds. */
const BYTES_A_TURN = 200 * 1024;

/** What the stored lines of a log amount to. */
export interface StoredDigest {
  readonly gaps: LogGap[];
  /** Hex, over the rows of the lines that are there. */
  readonly sha256: string;
}

/** Walks the whole log once, chunk by chunk: memory stays flat. Rejects with the reason of `signal` when it aborts. */
export function digestStored(
  log: LogStore,
  executionId: string,
  lines: number,
  signal?: AbortSignal,
): Promise<StoredDigest> {
  return digestOf(readChunks(log, executionId, 0), lines, signal);
}

/**
 * True when the first page of chunks is the whole log of this end record: every line, and their SHA-256 agrees. One read, so that
 * nobody waits long for it; of a longer log it says false.
 */
export async function isProvenByFirstPage(
  log: LogStore,
  executionId: string,
  { lines, sha256 }: EndRecord,
): Promise<boolean> {
  const { chunks, isAll } = await readFirstChunks(log, executionId);
  if (!isAll) return false;
  const stored = await digestOf(chunks, lines);
  return stored.gaps.length === 0 && stored.sha256 === sha256;
}

async function digestOf(
  chunks: AsyncIterable<LogChunk> | Iterable<LogChunk>,
  lines: number,
  signal?: AbortSignal,
): Promise<StoredDigest> {
  const hash = createHash('sha256');
  const gaps: LogGap[] = [];
  let next = 1;
  let bytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    if (chunk.from > next) gaps.push({ from: next, to: chunk.from - 1 });
    hash.update(digestRows(chunk));
    next = chunk.through + 1;
    bytes += chunk.body.byteLength;
    if (bytes < BYTES_A_TURN) continue;
    bytes = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  if (next <= lines) gaps.push({ from: next, to: lines });
  return { gaps, sha256: hash.digest('hex') };
}
