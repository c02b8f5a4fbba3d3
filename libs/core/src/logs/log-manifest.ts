import type { Completeness, LogGap } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';

/** What a log amounted to when the last of it was sealed. */
export interface LogManifest {
  readonly sealed_at_ms: Millis;
  readonly segments: number;
  readonly lines: number;
  /** UTF-8 bytes of the texts, and hex SHA-256 of the lines, as the runner signed them; absent when it left no end record. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Bytes that the segments take. */
  readonly stored_bytes: number;
  readonly completeness: Completeness;
  /** The first of them. */
  readonly gaps: readonly LogGap[];
  /** When the last record of a chunk that a segment holds was removed. */
  readonly chunks_removed_at_ms?: Millis;
}

/** How many gaps a manifest names. */
export const GAPS_NAMED = 50;
