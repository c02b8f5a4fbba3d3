import type { LogChunk } from '@runvoy/core';
import type { LinesFrame, StreamFrame } from '@runvoy/protocol';
import { jsonFrame, type Frame, type FrameForm } from './frame-form.ts';

/** The frames of `runvoy.v2`: everything has a type, and one stored chunk is one frame. */
export const typedForm: FrameForm = {
  hello: typed,
  status: typed,
  gap: typed,
  end: typed,
  chunk: (chunk) => [linesFrame(chunk)],
  lines: (lines) => {
    const frame: LinesFrame = { type: 'lines', from: lines[0]?.seq ?? 0, lines };
    return typed(frame);
  },
};

function typed(frame: StreamFrame): readonly Frame[] {
  return [jsonFrame(frame)];
}

/** The stored bytes are JSON already: they are put between a head and a brace, never parsed. */
function linesFrame({ from, body }: LogChunk): Frame {
  return Buffer.concat([Buffer.from(`{"type":"lines","from":${from},"lines":`), body, Buffer.from('}')]);
}
