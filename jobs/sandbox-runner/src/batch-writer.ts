import { LIMITS, type LogStream } from '@runvoy/protocol';
import { writeJsonText } from './json-text.ts';
import type { CutLine } from './line-cutter.ts';

/** What is said of a line besides its text. */
export interface LineHead {
  readonly seq: number;
  readonly stream: LogStream;
  readonly ms: number;
}

/** Lines that will stay together for ever. Their bytes are there until the next line is added. */
export interface Batch {
  readonly from: number;
  readonly through: number;
  /** UTF-8 bytes of their texts. */
  readonly textBytes: number;
  /** The lines as a JSON array: they are measured, sent and spooled in this form. */
  readonly json: Buffer;
  /** What the MAC covers of them, as `signedRows` writes it. */
  readonly signed: Buffer;
  /** What the end record's digest runs over: `digestRow` of each line. */
  readonly digest: Buffer;
}

const [TAB, LF, COMMA, ZERO, ONE, OPENING, CLOSING] = [9, 10, 44, 48, 49, 91, 93];
const SEQ = Buffer.from('{"seq":');
const ENDS = { whole: Buffer.from('"}'), partial: Buffer.from('","partial":true}') };

/**
 * Writes the lines of one batch in its three forms, byte by byte, to places that are kept: as strings each line would be made of, and copied
 * into, some twenty pieces that are garbage with the batch.
 */
export class BatchWriter {
  // A line is written before it is known whether there is room for it, and alone it is no longer than a batch.
  readonly #json = Buffer.allocUnsafeSlow(2 * LIMITS.batchBytes);
  // In either form of a row a line is shorter than in JSON.
  readonly #signed = Buffer.allocUnsafeSlow(LIMITS.batchBytes);
  readonly #digest = Buffer.allocUnsafeSlow(LIMITS.batchBytes);
  #jsonEnd = 0;
  #signedEnd = 0;
  #digestEnd = 0;
  #textBytes = 0;
  #from = 0;
  #through = 0;
  /** What lines that were read together have in common. */
  #stream: LogStream | undefined;
  #ms = NaN;
  #jsonMiddle = Buffer.alloc(0);
  #streamField = Buffer.alloc(0);
  #msField = Buffer.alloc(0);

  get isEmpty(): boolean {
    return this.#jsonEnd === 0;
  }

  /**
   * Adds a line that goes on with the numbers, unless the JSON array would have more than `roomBytes` then; the first is always added.
   * Says whether it was.
   */
  add({ seq, stream, ms }: LineHead, { bytes, start, end, partial, isPlain }: CutLine, roomBytes: number): boolean {
    if (stream !== this.#stream || ms !== this.#ms) this.#setCommon(stream, ms);
    const json = this.#json;
    const seqStart = this.#jsonEnd + 1 + SEQ.length;
    const seqEnd = seqStart + digitsOf(seq);
    const textStart = seqEnd + this.#jsonMiddle.length;
    const textEnd = isPlain
      ? textStart + bytes.copy(json, textStart, start, end)
      : writeJsonText(json, textStart, bytes, start, end);
    const ending = partial ? ENDS.partial : ENDS.whole;
    const jsonEnd = put(json, textEnd, ending, 0, ending.length);
    if (jsonEnd > roomBytes && !this.isEmpty) return false;

    if (this.isEmpty) {
      this.#from = seq;
      this.#signedEnd = this.#signed.write(`${seq}\n`, 0, 'latin1');
    }
    json[this.#jsonEnd] = this.isEmpty ? OPENING : COMMA;
    put(json, seqStart - SEQ.length, SEQ, 0, SEQ.length);
    writeDigits(json, seqEnd, seq);
    this.#jsonMiddle.copy(json, seqEnd);
    this.#jsonEnd = jsonEnd;

    const signed = this.#signed;
    let at = this.#putRowHead(signed, this.#signedEnd, seqStart, seqEnd, partial);
    at = put(signed, at, this.#msField, 0, this.#msField.length);
    at += bytes.copy(signed, at, start, end);
    signed[at] = LF;
    this.#signedEnd = at + 1;

    const digest = this.#digest;
    at = this.#putRowHead(digest, this.#digestEnd, seqStart, seqEnd, partial);
    at += bytes.copy(digest, at, start, end);
    digest[at] = LF;
    this.#digestEnd = at + 1;

    this.#textBytes += end - start;
    this.#through = seq;
    return true;
  }

  /** What was written, and begins the next batch. */
  take(): Batch {
    this.#json[this.#jsonEnd] = CLOSING;
    const batch = {
      from: this.#from,
      through: this.#through,
      textBytes: this.#textBytes,
      json: this.#json.subarray(0, this.#jsonEnd + 1),
      signed: this.#signed.subarray(0, this.#signedEnd),
      digest: this.#digest.subarray(0, this.#digestEnd),
    };
    this.#jsonEnd = 0;
    this.#signedEnd = 0;
    this.#digestEnd = 0;
    this.#textBytes = 0;
    return batch;
  }

  #putRowHead(rows: Buffer, at: number, seqStart: number, seqEnd: number, partial: boolean): number {
    at = put(rows, at, this.#json, seqStart, seqEnd);
    at = put(rows, at, this.#streamField, 0, this.#streamField.length);
    rows[at++] = partial ? ONE : ZERO;
    rows[at++] = TAB;
    return at;
  }

  #setCommon(stream: LogStream, ms: number): void {
    this.#stream = stream;
    this.#ms = ms;
    this.#jsonMiddle = Buffer.from(`,"stream":"${stream}","ms":${ms},"text":"`);
    this.#streamField = Buffer.from(`\t${stream}\t`);
    this.#msField = Buffer.from(`${ms}\t`);
  }
}

/** Of a few bytes: a call to copy them would cost more. */
function put(into: Buffer, at: number, from: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i += 1) into[at++] = from[i]!;
  return at;
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let power = 10; power <= number; power *= 10) digits += 1;
  return digits;
}

/** Writes a whole number that ends before `end`. */
function writeDigits(into: Buffer, end: number, number: number): void {
  let at = end;
  do {
    const rest = Math.floor(number / 10);
    at -= 1;
    into[at] = ZERO + number - rest * 10;
    number = rest;
  } while (number > 0);
}
