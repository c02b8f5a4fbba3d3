/** `system` lines are runvoy's own (`### runvoy ...`); the others are the command's. */
export type LogStream = 'stdout' | 'stderr' | 'system';

/** One numbered line of a run, after masking. */
export interface LogLine {
  /** From 1, without gaps, over all streams of the run. */
  readonly seq: number;
  readonly stream: LogStream;
  /** When the runner read it, ms since the epoch. */
  readonly ms: number;
  /** Without its line feed. */
  readonly text: string;
  /** The next line of this stream continues it, or the stream ended without a line feed. */
  readonly partial?: true;
}

/**
 * What is known of a log as a whole.
 * `complete`: every line up to the end record is here and its SHA-256 agrees. `running`: more may come.
 * `gaps`: named lines are missing. `unproven`: the runner died before its end record.
 */
export type Completeness = 'complete' | 'running' | 'gaps' | 'unproven';

/** Missing lines, both ends included. */
export interface LogGap {
  readonly from: number;
  readonly to: number;
}

/** How missing lines are named where only text is shown. */
export function missingText(gap: LogGap): string {
  return `### runvoy: ${namedLines(gap)} missing`;
}

/** The same of lines that may still come. */
export function awaitedText(gap: LogGap): string {
  return `### runvoy: ${namedLines(gap)} not here yet`;
}

function namedLines({ from, to }: LogGap): string {
  return from === to ? `line ${from} is` : `lines ${from}-${to} are`;
}
