import { digestRow, type Completeness, type LogGap, type LogLine } from '@runvoy/protocol';
import { Sha256, type TextHash } from './sha256.ts';

/** How a log ended, as the server states it. */
export interface LogEnd {
  readonly lines: number;
  readonly sha256: string | null;
  readonly completeness: Completeness;
}

/**
 * What this client found out about a log it has read. `verified`: it counted every line and recomputed the SHA-256 itself. `beyond`: it
 * was to begin after the last line there is, so it has read nothing.
 */
export type LogVerdict = 'beyond' | 'verified' | 'complete' | 'gaps' | 'mismatch' | 'unproven' | 'running';

/** Counts the lines of one log as they come, so that nothing is printed twice and nothing is missed unsaid. */
export class LogTally {
  readonly #after: number;
  readonly #hash: TextHash;
  readonly #gaps: LogGap[] = [];
  #cursor: number;
  #lines = 0;
  #digest: string | undefined;

  /** `after`: the line behind which reading begins. `hash`: the platform's own SHA-256, where it has one. */
  constructor(after = 0, hash: TextHash = new Sha256()) {
    this.#hash = hash;
    this.#after = after;
    this.#cursor = after;
  }

  /** The last line that was taken or is known not to come. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Lines taken. */
  get lines(): number {
    return this.#lines;
  }

  /** The lines of a batch that are new. Those that do not follow are not taken: `isWhole` is false then. */
  take(batch: readonly LogLine[]): { readonly fresh: readonly LogLine[]; readonly isWhole: boolean } {
    const fresh: LogLine[] = [];
    let rows = '';
    let isWhole = true;
    for (const line of batch) {
      if (line.seq <= this.#cursor) continue;
      isWhole = line.seq === this.#cursor + 1;
      if (!isWhole) break;
      this.#cursor = line.seq;
      fresh.push(line);
      rows += digestRow(line);
    }
    this.#hash.update(rows);
    this.#lines += fresh.length;
    return { fresh, isWhole };
  }

  /** Lines up to `through` will not come. Returns what is missing, or undefined when nothing is. */
  skip(through: number): LogGap | undefined {
    if (through <= this.#cursor) return undefined;
    const gap = { from: this.#cursor + 1, to: through };
    this.#gaps.push(gap);
    this.#cursor = through;
    return gap;
  }

  /** SHA-256 over the rows of what was read; nothing can be taken any more. */
  digest(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }

  /** Compares what was read with what was stated. */
  judge(end: LogEnd): LogVerdict {
    if (this.#after > end.lines && this.#lines === 0) return 'beyond';
    if (this.#gaps.length > 0 || this.#cursor < end.lines) return 'gaps';
    // Every line is there, and they are not those the runner stated: the server has compared them, too.
    if (end.completeness === 'unproven' && end.sha256 !== null) return 'mismatch';
    if (end.completeness !== 'complete') return end.completeness;
    if (this.#cursor > end.lines) return 'mismatch';
    if (this.#after > 0 || end.sha256 === null) return 'complete';
    return this.digest() === end.sha256 ? 'verified' : 'mismatch';
  }

  /** Every gap, the one up to the stated end included. */
  missing(end: LogEnd): readonly LogGap[] {
    return this.#cursor < end.lines ? [...this.#gaps, { from: this.#cursor + 1, to: end.lines }] : this.#gaps;
  }
}
