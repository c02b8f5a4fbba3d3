import type { LogGap, LogHitBody, LogLine, LogStream, SearchLogBody } from '@runvoy/protocol';
import { SearchedLine, type GrowingHit } from './searched-line.ts';
import type { TextMatcher } from './text-matcher.ts';

/** A long log is searched in turns, so that nobody else waits for it. */
const CHARS_A_TURN = 16 * 1024;
/** A page of hits is over when it holds this much text. */
const PAGE_CHARS = 1024 * 1024;
/** What is found and not yet told of a line that does not end; beyond it the search may be cut within that line. */
const OPEN_CHARS = 4 * 1024 * 1024;
const OPEN_HITS = 1_000;
const GAPS_NAMED = 100;

/** What is looked for, and where. */
export interface LogSearch {
  /** What finds it in lines of this stream; undefined: they are passed over. */
  readonly matcher: (stream: LogStream) => TextMatcher | undefined;
  /** The line behind which the search begins. */
  readonly after: number;
  /** How many hits are listed; they are counted to the end. */
  readonly limit: number;
  /** The search ends where the list is full: it goes on only for who asks for what follows. */
  readonly endsWhenFull?: boolean;
  /** Asked after each batch of lines: the search has taken long enough and ends where it is. */
  readonly isTimeUp: () => boolean;
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** What a search found. */
export type LogFindings = Pick<
  SearchLogBody,
  'hits' | 'total' | 'scanned_lines' | 'through' | 'complete' | 'next_after' | 'gaps'
>;

/**
 * Searches lines as they come, which begin behind `after`: memory stays flat, however many they are. It ends between two lines of the
 * command, never within one, unless that one does not end for megabytes. Rejects with the signal's reason when it aborts.
 */
export async function searchLog(batches: AsyncIterable<readonly LogLine[]>, search: LogSearch): Promise<LogFindings> {
  const searching = new Search(search);
  let chars = 0;
  for await (const lines of batches) {
    search.signal?.throwIfAborted();
    for (const line of lines) {
      chars += line.text.length;
      searching.take(line);
      if (search.endsWhenFull && searching.isFull) return searching.findings(false);
      if (chars < CHARS_A_TURN) continue;
      chars = 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
      search.signal?.throwIfAborted();
      if (search.isTimeUp() && searching.hasAdvanced) return searching.findings(false);
    }
    if (search.isTimeUp() && searching.hasAdvanced) return searching.findings(false);
  }
  searching.end();
  return searching.findings(true);
}

class Search {
  readonly #search: LogSearch;
  readonly #open = new Map<LogStream, SearchedLine | undefined>();
  /** Found since the last place at which a search may end. */
  #pending: GrowingHit[] = [];
  #pendingChars = 0;
  #pendingGaps: LogGap[] = [];
  #pendingLines = 0;
  #last: number;
  readonly #hits: LogHitBody[] = [];
  readonly #gaps: LogGap[] = [];
  #listedChars = 0;
  /** Behind which hits are counted and not listed any more. */
  #listedThrough: number | undefined;
  #through: number;
  #total = 0;
  #lines = 0;

  constructor(search: LogSearch) {
    this.#search = search;
    this.#last = search.after;
    this.#through = search.after;
    if (search.limit === 0) this.#listedThrough = search.after;
  }

  /** It would be of use to end here. */
  get hasAdvanced(): boolean {
    return this.#through > this.#search.after;
  }

  /** No more is listed. */
  get isFull(): boolean {
    return this.#listedThrough !== undefined && this.#search.limit > 0;
  }

  take(line: LogLine): void {
    if (line.seq > this.#last + 1) this.#miss({ from: this.#last + 1, to: line.seq - 1 });
    this.#last = line.seq;
    this.#pendingLines += 1;
    const searched = this.#lineOf(line.stream);
    searched?.take(line);
    if (searched?.isOpen) this.#pendingChars += line.text.length;
    const isTooLong = this.#pendingChars > OPEN_CHARS || this.#pending.length > OPEN_HITS;
    // Who goes on behind it begins anew, and so does whoever reads on here.
    if (isTooLong) this.#closeLines();
    if (isTooLong || this.#isBetweenLines()) this.#rest();
  }

  /** Everything was read. */
  end(): void {
    this.#closeLines();
    this.#rest();
  }

  findings(complete: boolean): LogFindings {
    const isListed = this.#listedThrough === undefined || this.#search.limit === 0 || this.#total === this.#hits.length;
    const next = isListed ? (complete ? undefined : this.#through) : this.#listedThrough;
    return {
      hits: this.#hits,
      total: this.#total,
      scanned_lines: this.#lines,
      through: this.#through,
      complete,
      ...(next === undefined ? {} : { next_after: next }),
      ...(this.#gaps.length === 0 ? {} : { gaps: this.#gaps }),
    };
  }

  #lineOf(stream: LogStream): SearchedLine | undefined {
    if (!this.#open.has(stream)) {
      const matcher = this.#search.matcher(stream);
      const found = (hit: GrowingHit) => void this.#pending.push(hit);
      this.#open.set(stream, matcher && new SearchedLine(matcher, found));
    }
    return this.#open.get(stream);
  }

  #isBetweenLines(): boolean {
    for (const line of this.#open.values()) if (line?.isOpen) return false;
    return true;
  }

  /** What continues a line may be among those that are missing. */
  #miss(gap: LogGap): void {
    this.#closeLines();
    this.#pendingGaps.push(gap);
  }

  #closeLines(): void {
    for (const line of this.#open.values()) line?.close();
  }

  /** A search that ended here could go on here. */
  #rest(): void {
    this.#through = this.#last;
    this.#lines += this.#pendingLines;
    this.#total += this.#pending.length;
    this.#pendingLines = 0;
    this.#pendingChars = 0;
    if (this.#pendingGaps.length > 0) {
      this.#gaps.push(...this.#pendingGaps.slice(0, GAPS_NAMED - this.#gaps.length));
      this.#pendingGaps = [];
    }
    if (this.#pending.length === 0) return;
    if (this.#listedThrough === undefined) this.#list();
    this.#pending = [];
  }

  #list(): void {
    // Pieces of two streams can end in another order than they began in.
    for (const hit of this.#pending.toSorted((a, b) => a.seq - b.seq)) {
      this.#hits.push(hit);
      this.#listedChars += hit.text.length;
    }
    if (this.#hits.length >= this.#search.limit || this.#listedChars > PAGE_CHARS) this.#listedThrough = this.#through;
  }
}
