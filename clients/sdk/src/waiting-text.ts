import type { QueueBody, StatusFrame } from '@runvoy/protocol';
import { queueText } from './queue-text.ts';
import { stopSteps } from './stop-steps.ts';
import { whyText, withPlace } from './why-text.ts';

/** A state as it is shown: with the place of a run that waits for a slot, which the live view does not tell. */
export interface ShownState extends StatusFrame {
  readonly queue?: QueueBody;
}

/** What a run is doing when it says nothing; undefined when there is nothing to explain. */
export function waitingText(frame: ShownState): string | undefined {
  const { status, waiting_for, cancel, queue } = frame;
  if (cancel?.requested !== undefined && (status === 'TERMINATING' || cancel.confirmed !== undefined)) {
    return `stop: ${stopSteps(cancel)}`;
  }
  if (waiting_for === undefined) return status === 'STARTING' ? 'starting' : undefined;
  const text = withPlace(whyText(frame), queue && queueText(queue)) ?? '';
  return status === 'STARTING' && waiting_for !== 'slot' ? `starting: ${text}` : text;
}
