import { groupMarker, type GroupMarker, type LogGap, type LogLine, type LogStream } from '@runvoy/protocol';
import { parseSgr, PLAIN, type SgrStyle } from './sgr.ts';

/** One row of the shown log: one line, or several `partial` pieces joined. Replaced, never changed, when a piece is added. */
export interface LineRow {
  readonly kind: 'line';
  readonly seq: number;
  /** The last piece's number; equal to `seq` for a whole line. */
  readonly lastSeq: number;
  readonly stream: LogStream;
  readonly ms: number;
  readonly text: string;
  /** The style the stream was in when this row began. */
  readonly style: SgrStyle;
  /** In how many groups it stands. */
  readonly depth: number;
  /** It begins or ends a group. */
  readonly marker?: GroupMarker;
}

/** Lines that the command put under one name. */
export interface LineGroup {
  /** The line that names it. */
  readonly from: number;
  /** The line that ends it; undefined while it goes on. */
  readonly through: number | undefined;
}

/** Numbered lines that are not here. */
export interface GapRow extends LogGap {
  readonly kind: 'gap';
}

export type LogRow = LineRow | GapRow;

// A row is one text node: beyond this, pieces start a new row, so that output without line feeds cannot freeze the page.
const JOINED_CHARS = 64 * 1024;

/** The log of one run as far as it is known here: every numbered line once, in order, holes named. */
export class RunLog {
  #lines: LogLine[] = [];
  #rows: LogRow[] = [];
  #announced: LogGap[] = [];
  #next = 1;
  #open = new Map<LogStream, number>();
  #styles = new Map<LogStream, SgrStyle>();
  #groups: LineGroup[] = [];
  /** Where in `#groups` those stand that go on. */
  #openGroups: number[] = [];

  /** Every line held, by number. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** What to show, in order. */
  get rows(): readonly LogRow[] {
    return this.#rows;
  }

  /** In the order in which they begin. */
  get groups(): readonly LineGroup[] {
    return this.#groups;
  }

  /** Everything up to here is either held or known to be missing: what to pass as `after`. */
  get cursor(): number {
    return this.#next - 1;
  }

  get gaps(): readonly LogGap[] {
    return this.#rows.flatMap((row) => (row.kind === 'gap' ? [{ from: row.from, to: row.to }] : []));
  }

  /** Takes lines in; those already held are ignored, those that fill a hole are put in their place. */
  add(lines: readonly LogLine[]): void {
    const late: LogLine[] = [];
    for (const line of lines) {
      if (line.seq < this.#next) late.push(line);
      else this.#append(line);
    }
    if (late.length > 0) this.#fillHoles(late);
    this.#openAnnouncedGaps();
  }

  /** Names lines that will not come. May be told ahead of the lines around them. */
  miss(gap: LogGap): void {
    this.#announced.push(gap);
    this.#openAnnouncedGaps();
  }

  /** The row that shows line `seq`, or the gap it falls into; -1 when the log does not reach it. */
  rowOf(seq: number): number {
    let low = 0;
    let high = this.#rows.length - 1;
    let found = -1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (firstSeq(this.#rows[middle]!) <= seq) {
        found = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return seq < this.#next ? found : -1;
  }

  #append(line: LogLine): void {
    if (line.seq > this.#next) this.#openGap({ from: this.#next, to: line.seq - 1 });
    this.#lines.push(line);
    this.#show(line);
    this.#next = line.seq + 1;
  }

  #show(line: LogLine): void {
    const style = this.#styles.get(line.stream) ?? PLAIN;
    if (line.text.includes('\x1b')) this.#styles.set(line.stream, parseSgr(line.text, style).end);
    const openAt = this.#open.get(line.stream);
    const begun = openAt === undefined ? undefined : this.#rows[openAt];
    let at = openAt;
    if (begun?.kind === 'line' && begun.text.length + line.text.length <= JOINED_CHARS) {
      this.#rows[openAt!] = { ...begun, lastSeq: line.seq, text: begun.text + line.text };
    } else {
      const { seq, stream, ms, text } = line;
      const marker = openAt === undefined && !line.partial ? groupMarker(text) : undefined;
      if (marker?.kind === 'end') this.#endGroup(seq);
      const depth = this.#openGroups.length;
      if (marker?.kind === 'start') this.#openGroups.push(this.#groups.push({ from: seq, through: undefined }) - 1);
      const row = { kind: 'line' as const, seq, lastSeq: seq, stream, ms, text, style, depth };
      at = this.#rows.push(marker ? { ...row, marker } : row) - 1;
    }
    if (line.partial) this.#open.set(line.stream, at!);
    else this.#open.delete(line.stream);
  }

  #endGroup(through: number): void {
    const at = this.#openGroups.pop();
    if (at !== undefined) this.#groups[at] = { ...this.#groups[at]!, through };
  }

  #openGap(gap: LogGap): void {
    // So may what ended a group.
    while (this.#openGroups.length > 0) this.#endGroup(gap.from - 1);
    this.#rows.push({ kind: 'gap', from: gap.from, to: gap.to });
    this.#next = gap.to + 1;
    // What continued a piece, or switched a colour, may be among the missing lines.
    this.#open.clear();
    this.#styles.clear();
  }

  #openAnnouncedGaps(): void {
    this.#announced = this.#announced.filter((gap) => gap.to >= this.#next);
    for (const gap of this.#announced.toSorted((a, b) => a.from - b.from)) {
      if (gap.from <= this.#next && gap.to >= this.#next) this.#openGap({ from: this.#next, to: gap.to });
    }
  }

  #fillHoles(late: readonly LogLine[]): void {
    const held = new Set(this.#lines.map((line) => line.seq));
    const missing = late.filter((line) => !held.has(line.seq));
    if (missing.length === 0) return;
    const tail = this.cursor;
    const lines = [...new Map([...this.#lines, ...missing].map((line) => [line.seq, line])).values()];
    lines.sort((a, b) => a.seq - b.seq);
    this.#lines = [];
    this.#rows = [];
    this.#next = 1;
    this.#open.clear();
    this.#styles.clear();
    this.#groups = [];
    this.#openGroups = [];
    for (const line of lines) this.#append(line);
    if (tail >= this.#next) this.#openGap({ from: this.#next, to: tail });
  }
}

/** The first number a row stands for. */
export function firstSeq(row: LogRow): number {
  return row.kind === 'line' ? row.seq : row.from;
}
