import { plainText, type LogHitBody, type LogLine, type LogMatch } from '@runvoy/protocol';
import type { TextMatcher } from './text-matcher.ts';

/** The places that are told of one stored line. That it is a hit is true however many there are. */
const RANGES_AT_MOST = 100;

/** What an expression may look back at (`^`, `\b`) of what was searched before. */
const CONTEXT = 16;

/** A hit whose places may still be added to, while its line is read. */
export type GrowingHit = LogHitBody & { readonly ranges: LogMatch[] };

interface Piece {
  /** Where its text begins in what is held of the line; below 0 when its beginning was let go. */
  at: number;
  readonly line: LogLine;
  hit?: GrowingHit;
}

/**
 * One line of a stream as the command wrote it, joined from the pieces in which it is stored, and searched without the escape sequences
 * of terminals. However long it is, only a stretch of it is held.
 */
export class SearchedLine {
  readonly #matcher: TextMatcher;
  readonly #found: (hit: GrowingHit) => void;
  #text = '';
  /** What lies before was searched. */
  #searched = 0;
  #pieces: Piece[] = [];

  /** `found` is told of each stored line in which a match begins, once. */
  constructor(matcher: TextMatcher, found: (hit: GrowingHit) => void) {
    this.#matcher = matcher;
    this.#found = found;
  }

  /** More of it is to come. */
  get isOpen(): boolean {
    return this.#pieces.length > 0;
  }

  take(line: LogLine): void {
    this.#pieces.push({ at: this.#text.length, line });
    this.#text += line.text;
    const { stretch, overlap } = this.#matcher;
    while (this.#text.length - this.#searched > stretch + overlap) this.#searchStretch();
    if (!line.partial) this.close();
  }

  /** Nothing follows: it ended, or what continues it is missing. */
  close(): void {
    if (!this.isOpen) return;
    this.#search(this.#text.length, true);
    this.#text = '';
    this.#searched = 0;
    this.#pieces = [];
  }

  #searchStretch(): void {
    this.#searched = this.#search(this.#searched + this.#matcher.stretch + this.#matcher.overlap, false);
    const gone = Math.max(0, this.#searched - CONTEXT);
    this.#text = this.#text.slice(gone);
    this.#searched -= gone;
    for (const piece of this.#pieces) piece.at -= gone;
    this.#pieces = this.#pieces.filter(({ at, line }) => at + line.text.length > 0);
  }

  /** Searches what is held up to `end`. Returns how far matches that begin are known; of what is not the line's end, without the overlap. */
  #search(end: number, isEnd: boolean): number {
    const plain = plainText(isEnd ? this.#text : this.#text.slice(0, end));
    const begin = plain.indexAt(this.#searched);
    const isLastPlace = (at: number) => isEnd && at === plain.text.length;
    const wanted = isEnd ? plain.text.length : plain.indexAt(end - this.#matcher.overlap);
    // Where nothing but one endless escape sequence stands there is nothing to look at again.
    const limit = wanted > begin ? wanted : plain.text.length;
    let from = begin;
    let matchedTo = -1;
    // An escape sequence that may go on is left whole for what follows.
    const isTextOver = limit === plain.text.length;
    let through =
      isEnd || wanted <= begin ? end : isTextOver ? plain.originalAt(limit - 1) + 1 : plain.originalAt(limit);
    while (from < limit || isLastPlace(from)) {
      const match = this.#matcher.next(plain.text, from);
      if (!match || (match[0] >= limit && !isLastPlace(match[0]))) break;
      const [startIndex, endIndex] = match;
      // What an expression such as `.*` finds behind a match is nothing, and no other place.
      if (endIndex === startIndex && startIndex === matchedTo) {
        from = startIndex + 1;
        continue;
      }
      matchedTo = endIndex;
      const start = plain.originalAt(startIndex);
      const behind = endIndex > startIndex ? plain.originalAt(endIndex - 1) + 1 : start;
      through = Math.max(through, behind);
      const isFull = this.#note(start, behind);
      from = Math.max(endIndex, startIndex + 1);
      // That the pieces behind it are hits is still wanted.
      if (isFull) from = Math.max(from, plain.indexAt(this.#endOf(start)));
    }
    return through;
  }

  /** Returns whether no more places are told of the piece in which this one begins. */
  #note(start: number, behind: number): boolean {
    const piece = this.#pieceAt(start);
    const last = behind > start ? this.#pieceAt(behind - 1) : piece;
    const { seq, stream, ms, text, partial } = piece.line;
    const range: LogMatch = {
      start: start - piece.at,
      end: behind - last.at,
      ...(last === piece ? {} : { through: last.line.seq }),
    };
    if (!piece.hit) {
      piece.hit = { seq, stream, ms, text, ...(partial && { partial }), ranges: [] };
      this.#found(piece.hit);
    }
    piece.hit.ranges.push(range);
    return piece.hit.ranges.length >= RANGES_AT_MOST;
  }

  /** The piece that holds this character; behind the last one, the last. */
  #pieceAt(place: number): Piece {
    const found = this.#pieces.findLast(({ at, line }) => at <= place && place < at + line.text.length);
    return found ?? this.#pieces.at(-1)!;
  }

  #endOf(place: number): number {
    const { at, line } = this.#pieceAt(place);
    return at + line.text.length;
  }
}
