import { redeemClaim } from '@runvoy/core';
import type { ClaimAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * `POST /api/v1/claim/{token}`; `GET` does the same for runvoy's clients. Without a key; a key that is sent is ignored.
 */
export function claimRoutes(app: FastifyInstance, deps: OrchestratorDeps, rates?: RateLimits): void {
  const claim = async (
    request: FastifyRequest<{ Params: { token: string } }>,
    reply: FastifyReply,
  ): Promise<ClaimAnswer> => {
    const redeem = () => redeemClaim(deps, request.params.token, request.id);
    const claimed = await (rates ? rates.checked(request, reply, redeem) : redeem());
    return { ...claimed, message: 'API key claimed successfully' };
  };
  app.post<{ Params: { token: string } }>('/api/v1/claim/:token', claim);
  // A link preview that fetches a GET burns the token: our own links carry it in the fragment and POST.
  app.get<{ Params: { token: string } }>('/api/v1/claim/:token', { exposeHeadRoute: false }, claim);
}
