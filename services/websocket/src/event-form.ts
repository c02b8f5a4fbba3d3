import { linesOf } from '@runvoy/core';
import type { LogLine, StreamFrame } from '@runvoy/protocol';
import type { Frame, FrameForm } from './frame-form.ts';

/**
 * Server-sent events (HTML, 9.2): a line of the log is a message whose id is its number, so that a browser's `EventSource`
 * shows a whole log with `onmessage` alone and resumes by itself. Everything else has a named event, whose data is the frame of
 * `runvoy.v2`. `end` has the id `end`: an `EventSource` that comes back with it is told to stop.
 */
export const eventForm: FrameForm = {
  hello: named,
  status: named,
  gap: (gap) => [event({ name: 'gap', id: String(gap.to), data: gap })],
  chunk: (chunk) => [messages(linesOf(chunk))],
  lines: (lines) => [messages(lines)],
  end: (end) => [event({ name: 'end', id: END_ID, data: end })],
};

/** The last id of a log that was shown to its end. */
export const END_ID = 'end';

/** How long a client waits before it comes back. */
export const OPENING: Frame = Buffer.from('retry: 1000\n\n');

/** A comment, which clients ignore. */
export const KNOCK: Frame = Buffer.from(':\n\n');

/** Why the server ends a stream before its end. */
export function closedEvent(code: number, reason: string): Frame {
  return event({ name: 'closed', data: { type: 'closed', code, reason } });
}

function named(frame: StreamFrame): readonly Frame[] {
  return [event({ name: frame.type, data: frame })];
}

function event({ name, id, data }: { name: string; id?: string; data: object }): Frame {
  const idField = id === undefined ? '' : `id: ${id}\n`;
  return Buffer.from(`event: ${name}\n${idField}data: ${JSON.stringify(data)}\n\n`);
}

/** JSON has no bare line feed, so one `data` field holds any text. */
function messages(lines: readonly LogLine[]): Frame {
  let text = '';
  for (const line of lines) text += `id: ${line.seq}\ndata: ${JSON.stringify(line)}\n\n`;
  return Buffer.from(text);
}
