import { LIMITS } from '@runvoy/protocol';

/** One line, or a piece of one. */
export interface CutLine {
  readonly text: string;
  /** The next piece continues it, or the stream ended without a line feed. */
  readonly partial: boolean;
}

export interface LineCutter {
  push(bytes: Buffer): CutLine[];
  /** What is left when the stream has ended. */
  end(): CutLine[];
}

/** The serialised text of one line must fit into a batch beside the batch's own fields: a NUL alone takes six bytes there. */
const JSON_BYTES = LIMITS.batchBytes - 1024;

/**
 * Cuts bytes into lines at LF; CR, NUL and everything else is data. Where a cut falls depends on the position in the line,
 * never on how the bytes were read. Bytes that are no UTF-8 become U+FFFD.
 */
export function openLineCutter(limitBytes: number = LIMITS.lineTextBytes): LineCutter {
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  function takePending(last: Buffer): Buffer {
    if (pendingBytes === 0) return last;
    const whole = Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return whole;
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
    pieces.forEach((text, i) => into.push({ text, partial: partial || i < pieces.length - 1 }));
  }

  return {
    push(bytes) {
      const lines: CutLine[] = [];
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        emit(cutFull(takePending(bytes.subarray(start, end)), lines), false, lines);
        start = end + 1;
      }
      if (start < bytes.length) {
        // A copy: a slice would keep the whole read buffer alive for a few bytes.
        pending.push(Buffer.from(bytes.subarray(start)));
        pendingBytes += bytes.length - start;
        if (pendingBytes > limitBytes || pending.length > 1024) {
          const rest = cutFull(takePending(Buffer.alloc(0)), lines);
          pending = [rest];
          pendingBytes = rest.length;
        }
      }
      return lines;
    },
    end() {
      const lines: CutLine[] = [];
      const rest = takePending(Buffer.alloc(0));
      if (rest.length > 0) emit(rest, true, lines);
      return lines;
    },
  };
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
