import { issueTicket, TICKET_MS, type Caller } from '@runvoy/core';
import type { OrchestratorDeps } from './deps.ts';

type TicketDeps = Pick<OrchestratorDeps, 'signingKeys' | 'clock' | 'streamUrl'>;

/** A live view of one execution for one caller: the URL is a credential for 15 minutes. */
export function streamTicketUrl(deps: TicketDeps, executionId: string, caller: Caller): string {
  return withTicket(deps.streamUrl(), executionId, readTicket(deps, executionId, caller));
}

/** The same as server-sent events. */
export function eventsTicketUrl(deps: TicketDeps, executionId: string, ticket: string): string {
  // ws: is to http: as wss: is to https:.
  return withTicket(`${deps.streamUrl().replace(/^ws/, 'http')}/events`, executionId, ticket);
}

/** A ticket for the log of one execution, good for `lifeMs`. */
export function readTicket(
  { signingKeys, clock }: TicketDeps,
  executionId: string,
  caller: Caller,
  lifeMs = TICKET_MS,
): string {
  return issueTicket(signingKeys, {
    execution_id: executionId,
    user_email: caller.user.email,
    key_id: caller.key_id,
    expires_at_ms: clock.now() + lifeMs,
  });
}

/** Where somebody with a ticket finds a live view. */
export function withTicket(url: string, executionId: string, ticket: string): string {
  return `${url}?execution_id=${executionId}&token=${ticket}`;
}

/** `Link` of a list's answer: the same question, from where this answer ends (RFC 8288). Relative, so that it holds behind any proxy. */
export function nextLink(url: string, cursor: string): string {
  const [path = '', query] = url.split('?', 2);
  const params = new URLSearchParams(query);
  params.set('cursor', cursor);
  return `<${path}?${params}>; rel="next"`;
}

/** Where a person watches the run; needs a sign-in, so it is no secret. */
export function viewUrl({ consoleUrl }: Pick<OrchestratorDeps, 'consoleUrl'>, executionId: string): string {
  return `${consoleUrl()}/logs?execution_id=${executionId}`;
}
