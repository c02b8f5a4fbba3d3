import type { LogEventBody, LogLine } from '@runvoy/protocol';

/** How many lines are asked for at a time. */
export const PAGE_LINES = 1_000;

/** A line of a page as the live view sends it. */
export function lineOf({ event_id, timestamp, message, stream, partial }: LogEventBody): LogLine {
  return { seq: Number(event_id), stream, ms: timestamp, text: message, ...(partial && { partial }) };
}
