import type { LogLine, LogStream } from '@runvoy/protocol';
import { linesOf, type LogChunk } from './log-chunk.ts';

/** A line as the body of its chunk has it, for who only hands it on: its text is not decoded. */
export interface RawLine {
  readonly seq: number;
  readonly stream: LogStream;
  /** In digits. */
  readonly ms: string;
  readonly partial: boolean;
  /** The JSON of its text, between the quotes; a character a byte of UTF-8 (`latin1`). */
  readonly json: string;
}

const HEAD = /\{"seq":([1-9]\d*),"stream":"(stdout|stderr|system)","ms":(0|-?[1-9]\d*),"text":"/y;
const PARTIAL = ',"partial":true';
const BACKSLASH = 0x5c;

/**
 * The lines of a chunk. A body is JSON in the form in which `newChunk` writes it, in which lines are told apart without parsing it: half
 * the work. One that differs from that form by a character is parsed, and written in it.
 */
export function rawLines({ body }: Pick<LogChunk, 'body'>): readonly RawLine[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return readRaw(bytes.toString('latin1')) ?? linesOf({ body }).map(rawLine);
}

/** The text of a line, a character a byte of UTF-8. */
export function rawText({ json }: RawLine): string {
  if (!json.includes('\\')) return json;
  return Buffer.from(decoded(json)).toString('latin1');
}

/** The line with its text. */
export function lineOfRaw({ seq, stream, ms, json, partial }: RawLine): LogLine {
  return { seq, stream, ms: Number(ms), text: decoded(json), ...(partial && { partial: true }) };
}

function decoded(json: string): string {
  return JSON.parse(`"${Buffer.from(json, 'latin1').toString()}"`) as string;
}

function rawLine({ seq, stream, ms, text, partial }: LogLine): RawLine {
  return {
    seq,
    stream,
    ms: String(ms),
    partial: partial === true,
    json: Buffer.from(JSON.stringify(text)).toString('latin1').slice(1, -1),
  };
}

/** Undefined when the body has another form. */
function readRaw(body: string): RawLine[] | undefined {
  const lines: RawLine[] = [];
  let at = 1;
  while (at < body.length) {
    HEAD.lastIndex = at;
    const head = HEAD.exec(body);
    if (!head) return undefined;
    const begin = HEAD.lastIndex;
    const end = endOfString(body, begin);
    const partial = body.startsWith(PARTIAL, end + 1);
    const close = end + 1 + (partial ? PARTIAL.length : 0);
    at = close + 2;
    if (end < 0 || !body.startsWith(at === body.length ? '}]' : '},', close)) return undefined;
    const [, seq, stream, ms] = head as unknown as [string, string, LogStream, string];
    lines.push({ seq: Number(seq), stream, ms, partial, json: body.slice(begin, end) });
  }
  return body.startsWith('[') && at === body.length ? lines : undefined;
}

/** Where the string that begins at `begin` has its closing quote; -1 when it has none. */
function endOfString(body: string, begin: number): number {
  let end = body.indexOf('"', begin);
  while (body.charCodeAt(end - 1) === BACKSLASH) {
    let before = end - 1;
    while (body.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 0) return end;
    end = body.indexOf('"', end + 1);
  }
  return end;
}
