import type { QueueBody, StatusFrame } from '@runvoy/protocol';
import { queueText } from './queue-text.ts';
import { stopSteps } from './stop-steps.ts';

const WAITING: Readonly<Record<string, string>> = {
  slot: 'waiting for a slot',
  runner: 'waiting for a runner',
  platform_end: 'waiting until it is gone',
  last_lines: 'waiting for its last lines',
  stop_confirmation: 'waiting until it is gone',
};

/** What `waiting_for` means in words, and the place in the queue where it is known; a server may name what this client does not know. */
export function waitingWords(waitingFor: string, queue?: QueueBody): string {
  const words = Object.hasOwn(WAITING, waitingFor)
    ? WAITING[waitingFor]!
    : `waiting for ${waitingFor.replaceAll('_', ' ')}`;
  return queue === undefined ? words : `${words}: ${queueText(queue)}`;
}

/** A state as it is shown: with the place of a run that waits for a slot, which the live view does not tell. */
export interface ShownState extends StatusFrame {
  readonly queue?: QueueBody;
}

/** What a run is doing when it says nothing; undefined when there is nothing to explain. */
export function waitingText({ status, waiting_for, cancel, queue }: ShownState): string | undefined {
  if (cancel?.requested !== undefined && (status === 'TERMINATING' || cancel.confirmed !== undefined)) {
    return `stop: ${stopSteps(cancel)}`;
  }
  if (waiting_for === undefined) return status === 'STARTING' ? 'starting' : undefined;
  const text = waitingWords(waiting_for, queue);
  return status === 'STARTING' && waiting_for !== 'slot' ? `starting: ${text}` : text;
}
