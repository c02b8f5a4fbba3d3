import { createHash } from 'node:crypto';
import { signedRows, type LogLine, type LogsMessage } from '@runvoy/protocol';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** One batch as the runner cut it. Never re-cut, merged or split. */
export interface LogChunk {
  readonly execution_id: string;
  /** First and last sequence number, both included. */
  readonly from: number;
  readonly through: number;
  /** Hex SHA-256 of the signed rows: tells a redelivery from a forgery. */
  readonly content_hash: string;
  /** The lines as a JSON array in UTF-8, ready to be put into a frame. */
  readonly body: Uint8Array;
  readonly stored_at_ms: Millis;
}

const SEQ_DIGITS = 12;

export const chunkRef = (executionId: string, from: number): Ref<LogChunk> => ({
  collection: 'log-chunks',
  id: `${executionId}-${String(from).padStart(SEQ_DIGITS, '0')}`,
});

export const chunksInOrder: DeclaredQuery<LogChunk> = { name: 'chunksInOrder' };
export const chunksBackwards: DeclaredQuery<LogChunk> = { name: 'chunksBackwards' };

/** The record of a batch. */
export function newChunk(executionId: string, batch: LogsMessage, nowMs: Millis): LogChunk {
  return {
    execution_id: executionId,
    from: batch.from,
    through: batch.from + batch.lines.length - 1,
    content_hash: createHash('sha256').update(signedRows(batch.from, batch.lines)).digest('hex'),
    body: new TextEncoder().encode(JSON.stringify(batch.lines)),
    stored_at_ms: nowMs,
  };
}

/** The lines of a chunk. */
export function linesOf(chunk: Pick<LogChunk, 'body'>): readonly LogLine[] {
  const { buffer, byteOffset, byteLength } = chunk.body;
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as LogLine[];
}
