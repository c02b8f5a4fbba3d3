import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** A part of a segment that is read by itself: its chunks, and where in the blob they are. */
export interface SegmentBlock {
  /** First and last sequence number, both included. */
  readonly from: number;
  readonly through: number;
  /** When its first and its last line were written, by the runner's clock. */
  readonly first_ms: Millis;
  readonly last_ms: Millis;
  /** Bytes of the blob. */
  readonly offset: number;
  readonly length: number;
}

/** Chunks that lie in the archive as one blob, without a line missing between them. Never changed once it is stored. */
export interface LogSegment {
  readonly execution_id: string;
  readonly from: number;
  readonly through: number;
  readonly chunks: number;
  /** Bytes of the chunks' bodies, and of the blob. */
  readonly bytes: number;
  readonly stored_bytes: number;
  readonly blocks: readonly SegmentBlock[];
  readonly sealed_at_ms: Millis;
}

const SEQ_DIGITS = 12;
const numbered = (from: number) => String(from).padStart(SEQ_DIGITS, '0');

export const segmentRef = (executionId: string, from: number): Ref<LogSegment> => ({
  collection: 'log-segments',
  id: `${executionId}-${numbered(from)}`,
});

export const segmentsInOrder: DeclaredQuery<LogSegment> = { name: 'segmentsInOrder' };
export const segmentsBackwards: DeclaredQuery<LogSegment> = { name: 'segmentsBackwards' };

/** What the blobs of a log are called, all of them and each. */
export const segmentPrefix = (executionId: string): string => `logs/${executionId}/`;
export const segmentName = (executionId: string, from: number): string =>
  `${segmentPrefix(executionId)}${numbered(from)}.seg`;
