import { issueTicket, TICKET_MS, type Caller } from '@runvoy/core';
import type { OrchestratorDeps } from './deps.ts';

/** A live view of one execution for one caller: the URL is a credential for 15 minutes. */
export function streamTicketUrl(
  { signingKeys, clock, streamUrl }: Pick<OrchestratorDeps, 'signingKeys' | 'clock' | 'streamUrl'>,
  executionId: string,
  caller: Caller,
): string {
  const token = issueTicket(signingKeys, {
    execution_id: executionId,
    user_email: caller.user.email,
    key_id: caller.key_id,
    expires_at_ms: clock.now() + TICKET_MS,
  });
  return `${streamUrl()}?execution_id=${executionId}&token=${token}`;
}

/** Where a person watches the run; needs a sign-in, so it is no secret. */
export function viewUrl({ consoleUrl }: Pick<OrchestratorDeps, 'consoleUrl'>, executionId: string): string {
  return `${consoleUrl()}/logs?execution_id=${executionId}`;
}
