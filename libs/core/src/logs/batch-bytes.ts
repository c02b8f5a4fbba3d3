import { LIMITS } from '@runvoy/protocol';

/** A batch as it stands in the bytes of its message. */
export interface BatchBytes {
  readonly from: number;
  readonly through: number;
  /** When its last line was read. */
  readonly lastMs: number;
  readonly expires_at: number;
  readonly key_id: string;
  readonly mac: string;
  /** What `signedRows` makes of it, in UTF-8. The next call of `readBatch` overwrites it. */
  readonly rows: Uint8Array;
  /** The lines as a JSON array: a part of the bytes that were read. */
  readonly body: Uint8Array;
}

/*
 * What `JSON.stringify` writes of a `logs` message, in the order of fields in which runners make it, and nothing else: no space, no field
 * twice or besides, no escape where none is needed, no number in another form. The bytes are looked at as Latin-1, one character each.
 */
const HEAD = /\{"from":([1-9]\d{0,11}),"lines":\[/y;
const LINE =
  /\{"seq":[1-9]\d{0,11},"stream":"(?:stdout|stderr|system)","ms":(?:0|[1-9]\d{0,14}),"text":"[ !#-[\]-\xff]*(?:\\(?:["\\bfrt]|u00(?:0[0-7bef]|1[0-9a-f]))[ !#-[\]-\xff]*)*"(?:,"partial":true)?\}/y;
const TAIL = /\],"expires_at":(0|[1-9]\d{0,14}),"key_id":"([ !#-[\]-~]{0,64})","mac":"([0-9a-f]{64})"\}$/y;

const AFTER_LINE = '"}'.length;
const AFTER_PARTIAL = '","partial":true}'.length;
const [TAB, LF, COMMA, ZERO, ONE] = [9, 10, 44, 48, 49];
const LAST_OF_TRUE = 101;

/** Where rows are written; kept, because a piece of memory for each batch would cost more than what is done in it. */
let scratch = Buffer.alloc(0);

/**
 * Reads a `logs` message from its bytes, which must be UTF-8, without making anything of its lines. Undefined for what is not in the
 * form in which runners write it, is not numbered, or is no such message: that has to be parsed and held against the schema.
 */
export function readBatch(bytes: Buffer): BatchBytes | undefined {
  const text = bytes.toString('latin1');
  const head = matchAt(HEAD, text, 0);
  if (!head) return undefined;
  const from = Number(head[1]);
  const start = HEAD.lastIndex;
  // A row is always shorter than the line that it is made of.
  if (scratch.length < bytes.length) scratch = Buffer.allocUnsafeSlow(bytes.length);
  const lines = writeRows(bytes, text, start, from);
  const tail = lines && matchAt(TAIL, text, lines.end);
  if (!tail) return undefined;
  return {
    from,
    through: lines.through,
    lastMs: lines.lastMs,
    expires_at: Number(tail[1]),
    key_id: tail[2]!,
    mac: tail[3]!,
    rows: scratch.subarray(0, lines.written),
    body: bytes.subarray(start - 1, lines.end + 1),
  };
}

interface WrittenRows {
  /** Where the list is closed. */
  readonly end: number;
  readonly written: number;
  readonly through: number;
  readonly lastMs: number;
}

/** Writes the rows of the lines that begin at `start` into `scratch`. */
function writeRows(bytes: Buffer, text: string, start: number, from: number): WrittenRows | undefined {
  const rows = scratch;
  let written = rows.write(`${from}\n`, 0, 'latin1');
  let escape = nextEscape(text, start);
  let at = start;
  for (let seq = from; ; seq += 1) {
    LINE.lastIndex = at;
    if (!LINE.test(text)) return undefined;
    const end = LINE.lastIndex;
    const isPartial = bytes[end - 2] === LAST_OF_TRUE;
    const textEnd = end - (isPartial ? AFTER_PARTIAL : AFTER_LINE);

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
    let ms = 0;
    while ((byte = bytes[at++]!) !== COMMA) {
      ms = ms * 10 + (byte - ZERO);
      rows[written++] = byte;
    }
    rows[written++] = TAB;
    at += '"text":"'.length;
    if (textEnd - at > LIMITS.batchBytes) return undefined;
    if (escape < textEnd) {
      // Only ASCII is ever escaped here, so what stands between may stay the bytes it is.
      written += rows.write(JSON.parse(`"${text.slice(at, textEnd)}"`) as string, written, 'latin1');
      escape = nextEscape(text, textEnd);
    } else {
      written += bytes.copy(rows, written, at, textEnd);
    }
    rows[written++] = LF;

    if (bytes[end] !== COMMA) return { end, written, through: seq, lastMs: ms };
    at = end + 1;
  }
}

function nextEscape(text: string, from: number): number {
  const at = text.indexOf('\\', from);
  return at < 0 ? Infinity : at;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
