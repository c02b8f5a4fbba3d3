import { isAscii } from 'node:buffer';
import { LIMITS } from '@runvoy/protocol';

/** One line, or a piece of one. */
export interface CutLine {
  readonly text: string;
  /** Of the text in UTF-8, known since it was cut. */
  readonly bytes: number;
  /** The next piece continues it, or the stream ended without a line feed. */
  readonly partial: boolean;
  /** What stands between the quotes of the text in JSON, where that is known. */
  readonly json?: string;
}

/** Keeps nothing of the bytes it is given, which may be overwritten afterwards. */
export interface LineCutter {
  push(bytes: Buffer): CutLine[];
  /** What is left when the stream has ended. */
  end(): CutLine[];
}

/** The serialised text of one line must fit into a batch beside the batch's own fields: a NUL alone takes six bytes there. */
const JSON_BYTES = LIMITS.batchBytes - 1024;

const LINE_FEED = 10;
const SMALL_U = 117;

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

  function hold(bytes: Buffer, into: CutLine[]): void {
    if (bytes.length === 0) return;
    pending.push(Buffer.from(bytes));
    pendingBytes += bytes.length;
    if (pendingBytes <= limitBytes && pending.length <= 1024) return;
    const rest = cutFull(takePending(NOTHING), into);
    pending = [rest];
    pendingBytes = rest.length;
  }

  /** Cuts lines that have their line feeds, `bytes` ends with one. */
  function cutLines(bytes: Buffer, into: CutLine[]): void {
    if (isAscii(bytes)) return cutAscii(bytes, into);
    let start = 0;
    while (start < bytes.length) {
      const end = bytes.indexOf(LINE_FEED, start);
      if (end - start > surelyFits) cutLine(bytes.subarray(start, end), into);
      else into.push(wholeLine(bytes.toString('utf8', start, end)));
      start = end + 1;
    }
  }

  /**
   * What programs print is mostly ASCII: it is decoded, and written as JSON, as a whole, for a quarter of what that takes line by line.
   * Both are cut alike: JSON escapes a line feed as it does other characters, one by one, in two characters or six.
   */
  function cutAscii(bytes: Buffer, into: CutLine[]): void {
    const text = bytes.toString('latin1');
    const json = JSON.stringify(text);
    let start = 0;
    let jsonStart = 1;
    while (start < text.length) {
      const end = text.indexOf('\n', start);
      let escape = json.indexOf('\\', jsonStart);
      for (let at = start + escape - jsonStart; at < end;) {
        const behind = escape + (json.charCodeAt(escape + 1) === SMALL_U ? '\\u0000' : '\\n').length;
        escape = json.indexOf('\\', behind);
        at += 1 + escape - behind;
      }
      if (end - start > surelyFits) cutLine(bytes.subarray(start, end), into);
      else into.push(asciiLine(text.slice(start, end), json.slice(jsonStart, escape)));
      start = end + 1;
      jsonStart = escape + '\\n'.length;
    }
  }

  function cutLine(bytes: Buffer, into: CutLine[]): void {
    emit(cutFull(bytes, into), false, into);
  }

  /** Cuts full pieces off the front; what is left fits into one line. */
  function cutFull(bytes: Buffer, into: CutLine[]): Buffer {
    let rest = bytes;
    while (rest.length > limitBytes) {
      const at = characterStart(rest, limitBytes);
      emit(rest.subarray(0, at), true, into);
      rest = rest.subarray(at);
    }
    return rest;
  }

  function emit(bytes: Buffer, partial: boolean, into: CutLine[]): void {
    const pieces = fit(bytes.toString('utf8'), limitBytes);
    pieces.forEach((text, i) => {
      into.push({ text, bytes: Buffer.byteLength(text), partial: partial || i < pieces.length - 1 });
    });
  }

  return {
    push(bytes) {
      const lines: CutLine[] = [];
      let start = 0;
      if (pendingBytes > 0) {
        const end = bytes.indexOf(LINE_FEED);
        if (end >= 0) cutLine(takePending(bytes.subarray(0, end)), lines);
        start = end + 1;
      }
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      if (start < end) cutLines(bytes.subarray(start, end), lines);
      hold(bytes.subarray(end), lines);
      return lines;
    },
    end() {
      const lines: CutLine[] = [];
      const rest = takePending(NOTHING);
      if (rest.length > 0) emit(rest, true, lines);
      return lines;
    },
  };
}

function asciiLine(text: string, json: string): CutLine {
  return { text, bytes: text.length, partial: false, json };
}

function wholeLine(text: string): CutLine {
  return { text, bytes: Buffer.byteLength(text), partial: false };
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
