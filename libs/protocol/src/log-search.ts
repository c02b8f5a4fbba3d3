import type { ExecutionStatus } from './executions.ts';
import type { LogGap, LogStream } from './log-line.ts';

/** Where a match stands: offsets into the stored text, escape sequences included, in UTF-16 code units. */
export interface LogMatch {
  readonly start: number;
  /** Behind its last character, in the text of line `through`. */
  readonly end: number;
  /** The piece in which it ends, of a line that was stored in pieces; absent: the one in which it begins. */
  readonly through?: number;
}

/** A stored line in which at least one match begins. */
export interface LogHitBody {
  readonly seq: number;
  readonly stream: LogStream;
  readonly ms: number;
  readonly text: string;
  readonly partial?: true;
  /** The first ones of this line, in order. */
  readonly ranges: readonly LogMatch[];
}

/** Where to look first. `error_line`: the first line that looks like an error. `last_lines`: of a failed run without any, its last lines. */
export interface FirstErrorBody {
  readonly seq: number;
  readonly because: 'error_line' | 'last_lines';
}

/** `GET /api/v1/executions/{id}/logs/search`. */
export interface SearchLogBody {
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  readonly hits: readonly LogHitBody[];
  /** How many hits there are in what was read: the lines behind `after`, up to `through`. */
  readonly total: number;
  readonly scanned_lines: number;
  /** The last line that was read. */
  readonly through: number;
  /** Everything that is stored behind `after` was read. */
  readonly complete: boolean;
  /** Pass as `after` for the hits that follow; absent when there are none. */
  readonly next_after?: number;
  /** Lines that are missing where was read; nobody knows what they hold. */
  readonly gaps?: readonly LogGap[];
  /** Only without `q`, once it is known: the first behind `after`. */
  readonly first_error?: FirstErrorBody;
}
