import type { LogEntry } from '../log-entry.ts';

/** A LogEntry is at most 256 KiB; the rest of the entry needs room too. */
const LARGEST_PAYLOAD = 256 * 1024 - 2048;

/** The part of an entry that a line of output makes. */
export type Payload = Pick<
  LogEntry,
  | 'textPayload'
  | 'jsonPayload'
  | 'severity'
  | 'labels'
  | 'timestamp'
  | 'insertId'
  | 'httpRequest'
  | 'operation'
  | 'sourceLocation'
  | 'trace'
  | 'spanId'
  | 'traceSampled'
  | 'split'
>;

type Lifted = { -readonly [name in keyof Payload]?: Payload[name] };

/**
 * What one line of a container's output becomes: a line that is a JSON object is structured, and its special fields are
 * lifted out of it (cloud.google.com/logging/docs/structured-logging); any other line is text. Numbers are doubles, so an
 * integer beyond 2^53 changes. A line that is too large is cut into several entries of text with `split`.
 */
export function payloadsOf(line: string, uid: string): Lifted[] {
  const structured = line.startsWith('{') && Buffer.byteLength(line) <= LARGEST_PAYLOAD ? asObject(line) : undefined;
  if (structured) return [lift(structured)];
  const pieces = cut(line);
  if (pieces.length === 1) return [{ textPayload: line }];
  return pieces.map((textPayload, index) => ({ textPayload, split: { uid, index, totalSplits: pieces.length } }));
}

const LIFTED: Record<string, (value: unknown) => Lifted | undefined> = {
  severity: (value) => (typeof value === 'string' ? { severity: value.toUpperCase() } : undefined),
  time: (value) => (typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? { timestamp: value } : undefined),
  httpRequest: (value) => (isObject(value) ? { httpRequest: value } : undefined),
  'logging.googleapis.com/insertId': (value) => (typeof value === 'string' ? { insertId: value } : undefined),
  'logging.googleapis.com/labels': (value) =>
    isObject(value) && Object.values(value).every((label) => typeof label === 'string')
      ? { labels: value as Record<string, string> }
      : undefined,
  'logging.googleapis.com/operation': (value) => (isObject(value) ? { operation: value } : undefined),
  'logging.googleapis.com/sourceLocation': (value) => (isObject(value) ? { sourceLocation: value } : undefined),
  'logging.googleapis.com/spanId': (value) => (typeof value === 'string' ? { spanId: value } : undefined),
  'logging.googleapis.com/trace': (value) => (typeof value === 'string' ? { trace: value } : undefined),
  'logging.googleapis.com/trace_sampled': (value) => (typeof value === 'boolean' ? { traceSampled: value } : undefined),
};

function lift(structured: Record<string, unknown>): Lifted {
  const lifted: Lifted = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(structured)) {
    const out = LIFTED[name]?.(value);
    if (out) Object.assign(lifted, out);
    else rest[name] = value;
  }
  // With nothing but `message` left, the entry is text.
  const { message, ...others } = rest;
  if (typeof message === 'string' && Object.keys(others).length === 0) return { ...lifted, textPayload: message };
  return { ...lifted, jsonPayload: rest };
}

function asObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In pieces of at most the largest payload, at the borders of characters. */
function cut(line: string): string[] {
  if (Buffer.byteLength(line) <= LARGEST_PAYLOAD) return [line];
  const bytes = Buffer.from(line);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + LARGEST_PAYLOAD, bytes.length);
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--;
    pieces.push(bytes.toString('utf8', from, to));
    from = to;
  }
  return pieces;
}
