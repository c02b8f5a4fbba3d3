import type { StatusFrame } from '@runvoy/protocol';
import { stopSteps } from './stop-steps.ts';

const WAITING: Readonly<Record<string, string>> = {
  runner: 'waiting for a runner',
  platform_end: 'the command has ended; waiting until nothing of it lives',
  last_lines: 'the command has ended; waiting for its last lines',
  stop_confirmation: 'waiting until it is gone',
};

/** What a run is doing when it says nothing; undefined when there is nothing to explain. */
export function waitingText({ status, waiting_for, cancel }: StatusFrame): string | undefined {
  if (cancel?.requested !== undefined && (status === 'TERMINATING' || cancel.confirmed !== undefined)) {
    return `stop: ${stopSteps(cancel)}`;
  }
  if (waiting_for === undefined) return status === 'STARTING' ? 'starting' : undefined;
  const text = WAITING[waiting_for] ?? `waiting for ${waiting_for.replaceAll('_', ' ')}`;
  return status === 'STARTING' ? `starting: ${text}` : text;
}
