import type { LogChunk, Millis } from '@runvoy/core';
import type { EndFrame, GapFrame, HelloFrame, LogLine, StatusFrame } from '@runvoy/protocol';

/** One WebSocket text message in UTF-8. */
export type Frame = Uint8Array;

/** How a stream looks on the wire. A form that has no word for something sends nothing. */
export interface FrameForm {
  hello(hello: HelloFrame): readonly Frame[];
  status(status: StatusFrame): readonly Frame[];
  /** A whole stored chunk. */
  chunk(chunk: LogChunk): readonly Frame[];
  /** The rest of a chunk; never empty. */
  lines(lines: readonly LogLine[]): readonly Frame[];
  /** Lines that are missing. `atMs`: when what is behind them was written, or the run ended. */
  gap(gap: GapFrame, atMs: Millis): readonly Frame[];
  end(end: EndFrame): readonly Frame[];
}

/** A value as one message. */
export function jsonFrame(value: object): Frame {
  return Buffer.from(JSON.stringify(value));
}
