import type { Execution } from './execution.ts';
import { reasonTextOf } from './reason-texts.ts';
import { waitingFor } from './waiting-for.ts';
import { waitingTextOf } from './waiting-texts.ts';

/** Why a run is in the state it is in, as one short clause: for every list row and every status line. */
export function reasonLine(execution: Execution): string {
  const { status, reason, facts } = execution;
  const waiting = waitingFor(execution);
  if (waiting !== undefined) return waitingTextOf(waiting).summary;
  if (reason !== undefined) return reasonTextOf(reason).summary;
  switch (status) {
    case 'STARTING':
      return 'it is being started';
    case 'RUNNING':
      return 'its command is running';
    case 'TERMINATING':
      return 'it is being stopped';
    case 'STOPPED':
      return `${facts.stop?.requested_by ?? 'somebody'} stopped it${facts.attempts.length === 0 ? ' while it waited' : ''}`;
    case 'SUCCEEDED':
      return facts.stop ? 'its command ended well before the stop reached it' : 'its command ended with exit code 0';
    case 'FAILED':
      return ownEnd(execution);
  }
}

/** The command's own end: the only one that has no word. */
function ownEnd({ exit_code, facts: { report } }: Execution): string {
  const signal = report?.exit_code === undefined ? report?.signal : undefined;
  return signal === undefined
    ? `its command ended with exit code ${exit_code ?? 1}`
    : `its command was ended by ${signal}, exit code ${exit_code ?? 1}`;
}
