import type { LogEventBody, LogLine } from '@runvoy/protocol';

/** Below what one record may hold (100 KiB), with room for the counting of bytes by characters. */
const BATCH_CHARS = 90 * 1024;
/** Some bytes a line beside its text, and as many bytes a character as there can be. */
const LINE_CHARS = 90;
const PIECE_CHARS = 10 * 1024;

/**
 * Cuts lines into batches for records. The cut depends on the lines alone, so that the same log is cut alike in every export, and
 * bringing it twice is bringing it once.
 */
export async function* logBatches(
  lines: Iterable<LogLine> | AsyncIterable<LogLine>,
): AsyncGenerator<readonly LogLine[], void, undefined> {
  let batch: LogLine[] = [];
  let size = 0;
  for await (const line of lines) {
    const cost = LINE_CHARS + Buffer.byteLength(JSON.stringify(line.text));
    if (batch.length > 0 && size + cost > BATCH_CHARS) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(line);
    size += cost;
  }
  if (batch.length > 0) yield batch;
}

/** A line as our servers show it. */
export function lineOf({ event_id, timestamp, message, stream, partial }: LogEventBody): LogLine {
  return { seq: Number(event_id), stream, ms: timestamp, text: message, ...(partial ? { partial } : {}) };
}

/** What runvoy on AWS shows of a log: events without number and stream, in whatever order. */
export type PlainEvent = Pick<LogEventBody, 'timestamp' | 'message'>;

/** Lines of such a log: in the order of their times, numbered from 1. Which stream one went to is not known there; they count as stdout. */
export function numberedLines(events: readonly PlainEvent[]): LogLine[] {
  const ordered = events.toSorted((a, b) => a.timestamp - b.timestamp);
  let seq = 0;
  return ordered.flatMap(({ timestamp, message }) =>
    message
      .replace(/\r?\n$/, '')
      .split('\n')
      .flatMap((text) => pieces(text).map((piece, at, all) => [piece, at < all.length - 1] as const))
      .map(([text, isPart]): LogLine => {
        return { seq: ++seq, stream: 'stdout', ms: Math.round(timestamp), text, ...(isPart ? { partial: true } : {}) };
      }),
  );
}

/** A line that is too long for one, in parts that are not; no character is cut. */
function pieces(text: string): readonly string[] {
  if (text.length <= PIECE_CHARS) return [text];
  const parts: string[] = [];
  let part = '';
  for (const character of text) {
    if (part.length + character.length > PIECE_CHARS) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part];
}
