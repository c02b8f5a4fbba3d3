import { LIMITS } from '@runvoy/protocol';

/** What rows were written of a list of lines. */
export interface WrittenRows {
  /** In UTF-8. The next rows that are written, of whatever lines, overwrite them. */
  readonly rows: Uint8Array;
  /** Where the list is closed. */
  readonly end: number;
  readonly through: number;
  /** When the last line was read. */
  readonly lastMs: number;
  /** Makes the rows in the form `digest` of those that are `signed`, in their place: they are gone then. */
  readonly untimed: () => Uint8Array;
}

/** `signed`: what the MAC covers, as `signedRows` writes it. `digest`: `digestRow` of each line. */
export type RowForm = 'signed' | 'digest';

/*
 * What `JSON.stringify` writes of a line, in the order of fields in which runners make it, and nothing else: no space, no field twice or
 * besides, no escape where none is needed, no number in another form. The bytes are looked at as Latin-1, one character each. That no
 * byte is a control character is seen to for all of them at once.
 */
const HEAD = /\{"seq":[1-9]\d{0,11},"stream":"(?:stdout|stderr|system)","ms":(?:0|[1-9]\d{0,14}),"text":"/y;
const ESCAPED_TEXT = /[^"\\]*(?:\\(?:["\\bfrt]|u00(?:0[0-7bef]|1[0-9a-f]))[^"\\]*)*"/y;
const PARTIAL = ',"partial":true}';

const [TAB, LF, COMMA, ZERO, ONE, CLOSING] = [9, 10, 44, 48, 49, 125];

/** Where rows are written; kept, because a piece of memory for each batch would cost more than what is done in it. */
let scratch = Buffer.alloc(0);
/** Where in the signed rows each time begins and where the text behind it does. */
let times = new Uint32Array(0);

/**
 * Writes the rows of the lines that stand in `bytes` from `start` on, numbered from `from` without gaps, without making anything of them.
 * `text` is all of `bytes` as Latin-1. Undefined for what is not in the form in which runners write it: that has to be parsed.
 */
export function writeRows(
  bytes: Buffer,
  text: string,
  { start, from, form }: { readonly start: number; readonly from: number; readonly form: RowForm },
): WrittenRows | undefined {
  if (hasControl(bytes)) return undefined;
  const isSigned = form === 'signed';
  // A row is always shorter than the line that it is made of.
  if (scratch.length < bytes.length) scratch = Buffer.allocUnsafeSlow(bytes.length);
  // Two of each line, which is 43 bytes at least.
  if (times.length < bytes.length >> 4) times = new Uint32Array(bytes.length >> 4);
  const rows = scratch;
  const first = isSigned ? rows.write(`${from}\n`, 0, 'latin1') : 0;
  let written = first;
  let marked = 0;
  let escape = nextEscape(text, start);
  let at = start;
  for (let seq = from; ; seq += 1) {
    HEAD.lastIndex = at;
    if (!HEAD.test(text)) return undefined;
    const textStart = HEAD.lastIndex;
    let textEnd = text.indexOf('"', textStart);
    const isEscaped = escape < textEnd;
    if (isEscaped) {
      ESCAPED_TEXT.lastIndex = textStart;
      if (!ESCAPED_TEXT.test(text)) return undefined;
      textEnd = ESCAPED_TEXT.lastIndex - 1;
    }
    if (textEnd < 0 || textEnd - textStart > LIMITS.batchBytes) return undefined;
    let end = textEnd + '"}'.length;
    const isPartial = bytes[end - 1] !== CLOSING;
    if (isPartial) {
      if (!text.startsWith(PARTIAL, textEnd + 1)) return undefined;
      end = textEnd + 1 + PARTIAL.length;
    }

    let byte = 0;
    let number = 0;
    at += '{"seq":'.length;
    while ((byte = bytes[at++]!) !== COMMA) {
      number = number * 10 + (byte - ZERO);
      rows[written++] = byte;
    }
    if (number !== seq) return undefined;
    rows[written++] = TAB;
    at += '"stream":"'.length;
    // The names of all streams are as long.
    for (const streamEnd = at + 'stdout'.length; at < streamEnd; at += 1) rows[written++] = bytes[at]!;
    rows[written++] = TAB;
    rows[written++] = isPartial ? ONE : ZERO;
    rows[written++] = TAB;
    at += '","ms":'.length;
    if (isSigned) {
      times[marked++] = written;
      for (let i = at; (byte = bytes[i]!) !== COMMA; i += 1) rows[written++] = byte;
      rows[written++] = TAB;
      times[marked++] = written;
    }
    if (isEscaped) {
      // Only ASCII is ever escaped here, so what stands between may stay the bytes it is.
      written += rows.write(JSON.parse(`"${text.slice(textStart, textEnd)}"`) as string, written, 'latin1');
      escape = nextEscape(text, textEnd);
    } else {
      written += bytes.copy(rows, written, textStart, textEnd);
    }
    rows[written++] = LF;

    if (bytes[end] !== COMMA) {
      const lastMs = Number(text.slice(at, text.indexOf(',', at)));
      const whole = rows.subarray(0, written);
      return {
        rows: whole,
        end,
        through: seq,
        lastMs,
        untimed: () => closeUp(whole, first, times.subarray(0, marked)),
      };
    }
    at = end + 1;
  }
}

/** Moves together what stands from `start` on between the gaps: what lies between two times is moved at once. */
function closeUp(rows: Uint8Array, start: number, gaps: Uint32Array): Uint8Array {
  let written = 0;
  let at = start;
  for (let i = 0; i < gaps.length; i += 2) {
    const end = gaps[i]!;
    rows.copyWithin(written, at, end);
    written += end - at;
    at = gaps[i + 1]!;
  }
  rows.copyWithin(written, at);
  return rows.subarray(0, written + rows.length - at);
}

function nextEscape(text: string, from: number): number {
  const at = text.indexOf('\\', from);
  return at < 0 ? Infinity : at;
}

/** Whether any byte is below 32. Four at a time: subtracting borrows from the highest bit of those that are, and of no others first. */
function hasControl(bytes: Uint8Array): boolean {
  const before = -bytes.byteOffset & 3;
  if (bytes.length < before + 4) return bytes.some(isControl);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + before, (bytes.length - before) >> 2);
  let borrows = 0;
  for (let i = 0; i < words.length; i += 1) borrows |= (words[i]! - 0x20202020) & ~words[i]!;
  return (
    (borrows & 0x80808080) !== 0 ||
    bytes.subarray(0, before).some(isControl) ||
    bytes.subarray(before + words.byteLength).some(isControl)
  );
}

function isControl(byte: number): boolean {
  return byte < 32;
}
