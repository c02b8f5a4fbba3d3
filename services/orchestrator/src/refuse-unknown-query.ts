import { Failure } from '@runvoy/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Refuses a query parameter that its route does not describe, on every route of `api`: one that is misspelt would be passed over, and
 * something else be done than was asked for. Fails with `INVALID_REQUEST`, after the key was checked.
 */
export function refuseUnknownQuery(api: FastifyInstance): void {
  api.addHook('preHandler', async (request) => refuseUnknownQueryOf(request));
}

/** The same for one request, of a route that checks by itself who asks. */
export function refuseUnknownQueryOf({ query, routeOptions }: Pick<FastifyRequest, 'query' | 'routeOptions'>): void {
  const known = routeOptions.config.query ?? [];
  const unknown = Object.keys(query as object).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const takes = known.length === 0 ? 'none' : known.join(', ');
  throw new Failure('INVALID_REQUEST', `unknown parameter "${unknown.slice(0, 80)}"; this path takes ${takes}`);
}
