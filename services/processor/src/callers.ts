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
  '/runner/v1/executions/:id/bootstrap': 'job',
} as const satisfies Record<string, CallerRole>;

export type CheckedRoute = keyof typeof CALLER_OF;

/** How callers are verified, and which accounts they are. A role without accounts may call nothing. */
export interface Callers {
  readonly verifier: CallerVerifier;
  readonly accounts: Partial<Record<CallerRole, ExpectedCaller>>;
}

/** A hook that lets only the route's own callers in, before a byte of the body is read. */
export function callersOnly(callers: Callers | undefined, route: CheckedRoute) {
  return async ({ headers }: FastifyRequest): Promise<void> => {
    if (!callers) return;
    await callers.verifier.verify(headers, callers.accounts[CALLER_OF[route]] ?? { audience: '', emails: [] });
  };
}
