import type { StatusFrame } from '@runvoy/protocol';
import { stopSteps } from './stop-steps.ts';

const WAITING: Readonly<Record<string, string>> = {
  runner: 'waiting for a runner',
  platform_end: 'waiting until it is gone',
  last_lines: 'waiting for its last lines',
  stop_confirmation: 'waiting until it is gone',
};

/** What `waiting_for` means in words; a server may name what this client does not know. */
export function waitingWords(waitingFor: string): string {
  return Object.hasOwn(WAITING, waitingFor) ? WAITING[waitingFor]! : `waiting for ${waitingFor.replaceAll('_', ' ')}`;
}

/** What a run is doing when it says nothing; undefined when there is nothing to explain. */
export function waitingText({ status, waiting_for, cancel }: StatusFrame): string | undefined {
  if (cancel?.requested !== undefined && (status === 'TERMINATING' || cancel.confirmed !== undefined)) {
    return `stop: ${stopSteps(cancel)}`;
  }
  if (waiting_for === undefined) return status === 'STARTING' ? 'starting' : undefined;
  const text = waitingWords(waiting_for);
  return status === 'STARTING' ? `starting: ${text}` : text;
}
