import type { CallerVerifier, ExpectedCaller } from '@runvoy/core';
import type { FastifyRequest } from 'fastify';

/** `carrier`: the account of pushes, triggers and the scheduler. `job`: the account a runner's job runs as. */
export type CallerRole = 'carrier' | 'job';

/**
 * Who may call what. The other routes of a runner are not here: their messages are signed with the key that a bootstrap handed out,
 * and no account is asked for.
 */
export const CALLER_OF = {
  '/events': 'carrier',
  '/events/logs': 'carrier',
  '/events/tick': 'carrier',
  '/events/dead-letters': 'carrier',
  '/runner/v1/executions/:id/bootstrap': 'job',
} as const satisfies Record<string, CallerRole>;

export type CheckedRoute = keyof typeof CALLER_OF;

/** How callers are verified, and which accounts they are. A role without accounts may call nothing. */
export interface Callers {
  readonly verifier: CallerVerifier;
  readonly accounts: Partial<Record<CallerRole, ExpectedCaller>>;
}

const verified = new WeakMap<FastifyRequest, string>();

/** A hook that lets only the route's own callers in, before a byte of the body is read. */
export function callersOnly(callers: Callers | undefined, route: CheckedRoute) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!callers) return;
    const expected = callers.accounts[CALLER_OF[route]] ?? { audience: '', emails: [] };
    const { email } = await callers.verifier.verify(request.headers, expected);
    verified.set(request, email);
  };
}

/** The account that `callersOnly` let in; nothing where it asks for none. */
export const accountOf = (request: FastifyRequest): string | undefined => verified.get(request);
