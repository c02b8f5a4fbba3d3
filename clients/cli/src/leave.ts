import { wholeSecondsText } from '@runvoy/sdk/texts';
import { EXIT } from './exit-code.ts';
import type { StopSignal } from './signal-policy.ts';

/** `sent`: not answered yet. `accepted`: the server stops the run, whoever looks on. `refused`: nobody took it. */
export type StopRequest = 'none' | 'sent' | 'accepted' | 'refused';

/** How `runvoy run` came to leave a run before its end. */
export interface Leave {
  readonly stop: StopRequest;
  /** The signal that made it leave, if one did. */
  readonly signal?: StopSignal;
  /** How long it waited for the end of a stopped run, when it gave that up by itself. */
  readonly waitedMs?: number;
}

/** What was asked, what is not confirmed, and the command that looks later. */
export function leaveText(id: string, { stop, waitedMs }: Leave): string {
  const left = waitedMs === undefined ? 'left' : `left after ${wholeSecondsText(Math.round(waitedMs / 1000))}`;
  switch (stop) {
    case 'none':
      return `${left}; the run goes on: runvoy logs -f ${id}`;
    case 'sent':
      return `${left}: a stop was sent and is not answered; the run may go on: runvoy kill --wait ${id}`;
    case 'refused':
      return `${left}: a stop was asked for and not accepted; the run may go on: runvoy status ${id}`;
    case 'accepted':
      return `${left}: its stop was accepted and its end is not confirmed: runvoy status ${id}`;
  }
}

/** As a shell has it for a process that a signal ended, when a signal cut the wait for a stop short; otherwise 125. */
export function leaveCode({ stop, signal }: Leave): number {
  if (stop === 'none' || signal === undefined) return EXIT.unknown;
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
}
