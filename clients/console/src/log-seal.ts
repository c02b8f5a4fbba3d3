import type { LogGap } from '@runvoy/protocol';
import type { LogEnd } from '@runvoy/sdk/follow';
import { counted, grouped } from '@runvoy/sdk/texts';

/** What this page itself knows about the log it holds. */
export interface HeldLog {
  readonly lines: number;
  readonly cursor: number;
  readonly gaps: readonly LogGap[];
  /** Recomputed here; undefined where the browser offers no digest. */
  readonly sha256: string | undefined;
}

export type SealKind = 'verified' | 'complete' | 'gaps' | 'unproven' | 'mismatch' | 'running';

export interface LogSeal {
  readonly kind: SealKind;
  readonly title: string;
  readonly explanation: string;
}

/** Judges a log that has ended. "verified" is said only of what this page recomputed itself. */
export function sealLog(end: LogEnd, held: HeldLog): LogSeal {
  const total = counted(end.lines, 'line');
  if (held.gaps.length > 0 || end.completeness === 'gaps') return gapSeal(held);
  switch (end.completeness) {
    case 'running':
      return {
        kind: 'running',
        title: 'log not settled yet',
        explanation: 'The run has ended; its last lines may still be on their way.',
      };
    case 'unproven':
      // Every line is there, and they are not those the runner stated.
      if (end.sha256 !== null) return mismatchSeal(total);
      return {
        kind: 'unproven',
        title: `unproven, ends at ${grouped(held.cursor)}`,
        explanation:
          'The runner died before it could state how the log ends. Every line shown is real; whether more were written is not known.',
      };
    case 'complete':
      break;
  }
  if (held.lines !== end.lines) {
    return {
      kind: 'gaps',
      title: `${grouped(held.lines)} of ${total} here`,
      explanation: 'The server holds the complete log, this page does not. Read it again.',
    };
  }
  if (end.sha256 === null || held.sha256 === undefined) {
    return {
      kind: 'complete',
      title: 'complete',
      explanation: `${total}. The server proved it; this page has not recomputed the digest.`,
    };
  }
  if (held.sha256 !== end.sha256) {
    return mismatchSeal(total);
  }
  return {
    kind: 'verified',
    title: 'complete, verified',
    explanation: `${total}. This browser recomputed SHA-256 ${end.sha256.slice(0, 8)}… and it equals the runner’s end record.`,
  };
}

function mismatchSeal(total: string): LogSeal {
  return {
    kind: 'mismatch',
    title: 'does not match its end record',
    explanation: `The ${total} shown have another SHA-256 than the runner stated. Read the log again; if this stays, treat it as altered.`,
  };
}

// Each gap also has its own row in the log.
const GAPS_NAMED = 5;

function gapSeal(held: HeldLog): LogSeal {
  const more = held.gaps.length > GAPS_NAMED ? ` and ${counted(held.gaps.length - GAPS_NAMED, 'more gap')}` : '';
  const named = held.gaps.slice(0, GAPS_NAMED).map(gapName).join(', ') + more;
  return {
    kind: 'gaps',
    title: named === '' ? 'lines are missing' : `missing ${named}`,
    explanation: 'These lines were written but have not arrived. Late ones can still fill the gap.',
  };
}

/** `1357–1361`, or one number. */
export function gapName(gap: LogGap): string {
  return gap.from === gap.to ? `line ${grouped(gap.from)}` : `lines ${grouped(gap.from)}–${grouped(gap.to)}`;
}
