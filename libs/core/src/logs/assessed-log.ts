import type { LogGap } from '@runvoy/protocol';

/**
 * What the log of a run that has ended amounted to when all of it was read, kept where it is not whole: who reads it in pages would read
 * all of it for each of them. True for as long as no chunk has come: they are never replaced, and none comes once their records go.
 */
export interface AssessedLog {
  readonly completeness: 'gaps' | 'unproven';
  readonly lines: number;
  readonly gaps: readonly LogGap[];
  /** Chunks that were records still, and segments that were known. */
  readonly chunks: number;
  readonly segments: number;
  /** Of the end record it was held against. */
  readonly sha256?: string;
}
