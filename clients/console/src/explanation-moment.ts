import type { ExecutionStatusBody } from '@runvoy/protocol';

/**
 * Two states of a run with the same moment are explained alike, as far as this page knows: while it is shown, an explanation is asked for
 * anew whenever the moment changes.
 */
export function explanationMoment({ status, waiting_for, reason, cancel, queue }: ExecutionStatusBody): string {
  const { confirm_by: _, ...steps } = cancel ?? {};
  return [status, waiting_for, reason, queue?.place, Object.keys(steps).join(' ')].join('|');
}
