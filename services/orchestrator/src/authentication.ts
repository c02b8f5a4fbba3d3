import { authenticate, deedBy, type ActedBy, type Asking, type Caller } from '@runvoy/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';
import type { RateLimits } from './rate-limits.ts';

const callers = new WeakMap<FastifyRequest, Caller>();

/** Guards every route registered on `api` after it: no key, no answer. Runs before the body is read. */
export function requireApiKey(
  api: FastifyInstance,
  deps: Pick<OrchestratorDeps, 'records' | 'clock'>,
  rates?: RateLimits,
): void {
  api.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsKey: true };
  });
  api.addHook('onRequest', async (request, reply) => {
    callers.set(request, await callerByKey({ deps, rates }, request, reply));
  });
}

/** Whoever's API key a request carries. Counts it among the requests of that key, or among the refused ones of its address. */
export async function callerByKey(
  { deps, rates }: { deps: Pick<OrchestratorDeps, 'records' | 'clock'>; rates: RateLimits | undefined },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller> {
  const header = request.headers['x-api-key'];
  const check = () => authenticate(deps, typeof header === 'string' ? header : undefined);
  const caller = await (rates ? rates.checked(request, reply, check) : check());
  rates?.count(caller.key_id, request, reply);
  return caller;
}

/** Who called. Only behind `requireApiKey`. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (!caller) throw new Error('callerOf was used on a route that is not behind requireApiKey');
  return caller;
}

/** Who called, and in which request. */
export function asking(request: FastifyRequest): Asking {
  return { caller: callerOf(request), requestId: request.id };
}

/** Who called, as it is kept with what they did. */
export function actedBy(request: FastifyRequest): ActedBy {
  return deedBy(asking(request));
}
