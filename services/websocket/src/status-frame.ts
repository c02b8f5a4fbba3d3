import { cancelBody, reasonLine, waitingFor, type Execution } from '@runvoy/core';
import type { StatusFrame } from '@runvoy/protocol';

/** An execution's state as its viewers are told it. */
export function statusFrame(execution: Execution): StatusFrame {
  const waiting = waitingFor(execution);
  const cancel = cancelBody(execution);
  return {
    type: 'status',
    status: execution.status,
    ...(execution.reason === undefined ? {} : { reason: execution.reason }),
    ...(waiting === undefined ? {} : { waiting_for: waiting }),
    reason_text: reasonLine(execution),
    ...(execution.exit_code === undefined ? {} : { exit_code: execution.exit_code }),
    ...(cancel === undefined ? {} : { cancel }),
  };
}
