import { linesOf } from '@runvoy/core';
import { missingText, type BareDisconnectFrame, type BareLogFrame, type LogLine } from '@runvoy/protocol';
import { jsonFrame, type Frame, type FrameForm } from './frame-form.ts';

/**
 * runvoy's own frames: one for each line, one at the end. It has no word for states. What is missing is told as a line whose id is the
 * last missing one, so that who comes back with it goes on behind.
 */
export const bareForm: FrameForm = {
  hello: () => [],
  status: () => [],
  gap: (gap, timestamp) => {
    const frame: BareLogFrame = { event_id: String(gap.to), timestamp, message: missingText(gap) };
    return [jsonFrame(frame)];
  },
  chunk: (chunk) => linesOf(chunk).map(bareLine),
  lines: (lines) => lines.map(bareLine),
  end: ({ completeness }) => {
    const disconnect: BareDisconnectFrame = { type: 'disconnect', reason: 'execution_completed' };
    return [jsonFrame(completeness === 'complete' ? disconnect : { ...disconnect, completeness })];
  },
};

function bareLine({ seq, ms, text }: LogLine): Frame {
  // runvoy's web app drops a frame whose message is empty.
  const frame: BareLogFrame = { event_id: String(seq), timestamp: ms, message: text === '' ? ' ' : text };
  return jsonFrame(frame);
}
