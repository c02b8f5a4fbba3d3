import { isUtf8 } from 'node:buffer';
import { LIMITS } from '@runvoy/protocol';

/** One line, or a piece of one. */
export interface CutLine {
  /** Its text stands here, in UTF-8, until the one who is given it returns. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The next piece continues it, or the stream ended without a line feed. */
  readonly partial: boolean;
  /** JSON escapes nothing in its text, as far as that is known. */
  readonly isPlain?: boolean;
}

/** A line of which nothing else stands in `bytes`. */
export function lineOf(bytes: Buffer, partial: boolean): CutLine {
  return { bytes, start: 0, end: bytes.length, partial };
}

export function textOf({ bytes, start, end }: CutLine): string {
  return bytes.toString('utf8', start, end);
}

/** What is done with each line, in order. */
export type TakeLine = (line: CutLine) => void;

/** Keeps nothing of the bytes it is given, which may be overwritten afterwards. */
export interface LineCutter {
  push(bytes: Buffer, take: TakeLine): void;
  /** What is left when the stream has ended. */
  end(take: TakeLine): void;
}

/** The serialised text of one line must fit into a batch beside the batch's own fields: a NUL alone takes six bytes there. */
const JSON_BYTES = LIMITS.batchBytes - 1024;

const LINE_FEED = 10;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const NOTHING = Buffer.alloc(0);

/**
 * Cuts bytes into lines at LF; CR, NUL and everything else is data. Where a cut falls depends on the position in the line,
 * never on how the bytes were read. Bytes that are no UTF-8 become U+FFFD.
 */
export function openLineCutter(limitBytes: number = LIMITS.lineTextBytes): LineCutter {
  /** A line of so many bytes is within both bounds whatever it holds. */
  const surelyFits = Math.min(Math.floor(limitBytes / 3), Math.floor(JSON_BYTES / 6));
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  function takePending(last: Buffer): Buffer {
    if (pendingBytes === 0) return last;
    const whole = Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return whole;
  }

  function hold(bytes: Buffer, take: TakeLine): void {
    if (bytes.length === 0) return;
    pending.push(Buffer.from(bytes));
    pendingBytes += bytes.length;
    if (pendingBytes <= limitBytes && pending.length <= 1024) return;
    const rest = cutFull(takePending(NOTHING), take);
    pending = [rest];
    pendingBytes = rest.length;
  }

  /** Cuts lines that have their line feeds, `bytes` ends with one. */
  function cutLines(bytes: Buffer, take: TakeLine): void {
    const ends: number[] = [];
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, end + 1)) ends.push(end);
    // Both are looked at for all lines at once: then the text of most is the bytes that were read, and so is its JSON.
    const areTexts = isUtf8(bytes);
    const isPlain = areTexts && isPlainBut(ends.length, bytes);
    let start = 0;
    for (const end of ends) {
      if (end - start > surelyFits) cutLine(bytes.subarray(start, end), take);
      else if (areTexts) take({ bytes, start, end, partial: false, isPlain });
      else take(lineOf(Buffer.from(bytes.toString('utf8', start, end)), false));
      start = end + 1;
    }
  }

  function cutLine(bytes: Buffer, take: TakeLine): void {
    emit(cutFull(bytes, take), false, take);
  }

  /** Cuts full pieces off the front; what is left fits into one line. */
  function cutFull(bytes: Buffer, take: TakeLine): Buffer {
    let rest = bytes;
    while (rest.length > limitBytes) {
      const at = characterStart(rest, limitBytes);
      emit(rest.subarray(0, at), true, take);
      rest = rest.subarray(at);
    }
    return rest;
  }

  function emit(bytes: Buffer, partial: boolean, take: TakeLine): void {
    const pieces = fit(bytes.toString('utf8'), limitBytes);
    pieces.forEach((text, i) => take(lineOf(Buffer.from(text), partial || i < pieces.length - 1)));
  }

  return {
    push(bytes, take) {
      let start = 0;
      if (pendingBytes > 0) {
        const end = bytes.indexOf(LINE_FEED);
        if (end >= 0) cutLine(takePending(bytes.subarray(0, end)), take);
        start = end + 1;
      }
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      if (start < end) cutLines(bytes.subarray(start, end), take);
      hold(bytes.subarray(end), take);
    },
    end(take) {
      const rest = takePending(NOTHING);
      if (rest.length > 0) emit(rest, true, take);
    },
  };
}

/** Whether JSON escapes nothing in a text but so many line feeds, each with one byte more. Of UTF-8 it escapes ASCII alone. */
function isPlainBut(lineFeeds: number, bytes: Buffer): boolean {
  // What is escaped most often is seen at a glance, and makes `stringify` slow.
  if (bytes.includes(QUOTE) || bytes.includes(BACKSLASH)) return false;
  return JSON.stringify(bytes.toString('latin1')).length === '""'.length + bytes.length + lineFeeds;
}

/** The last position up to `at` that does not fall inside a UTF-8 character; `at` itself where the bytes are no UTF-8. */
function characterStart(bytes: Buffer, at: number): number {
  for (let back = 0; back <= 3 && back < at; back += 1) {
    const byte = bytes[at - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? at - back : at;
  }
  return at;
}

/** Halves a text until each piece is within both bounds; U+FFFD and JSON escapes make a text larger than its bytes were. */
function fit(text: string, limitBytes: number): string[] {
  const fits =
    (text.length * 3 <= limitBytes && text.length * 6 <= JSON_BYTES) ||
    (Buffer.byteLength(text) <= limitBytes && Buffer.byteLength(JSON.stringify(text)) <= JSON_BYTES);
  if (fits || text.length <= 2) return [text];
  let middle = text.length >> 1;
  if (isLowSurrogate(text.charCodeAt(middle))) middle += 1;
  return [...fit(text.slice(0, middle), limitBytes), ...fit(text.slice(middle), limitBytes)];
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
