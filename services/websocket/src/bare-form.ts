import { linesOf } from '@runvoy/core';
import type { BareDisconnectFrame, BareLogFrame, LogLine } from '@runvoy/protocol';
import { jsonFrame, type Frame, type FrameForm } from './frame-form.ts';

/** runvoy's own frames: one for each line, one at the end. It has no word for states and gaps. */
export const bareForm: FrameForm = {
  hello: () => [],
  status: () => [],
  gap: () => [],
  chunk: (chunk) => linesOf(chunk).map(bareLine),
  lines: (lines) => lines.map(bareLine),
  end: () => {
    const disconnect: BareDisconnectFrame = { type: 'disconnect', reason: 'execution_completed' };
    return [jsonFrame(disconnect)];
  },
};

function bareLine({ seq, ms, text }: LogLine): Frame {
  // runvoy's web app drops a frame whose message is empty.
  const frame: BareLogFrame = { event_id: String(seq), timestamp: ms, message: text === '' ? ' ' : text };
  return jsonFrame(frame);
}
