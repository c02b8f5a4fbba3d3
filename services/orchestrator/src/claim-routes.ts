import { redeemClaim } from '@runvoy/core';
import type { ClaimAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';

/**
 * `POST /api/v1/claim/{token}`; `GET` does the same for runvoy's clients. Without a key; a key that is sent is ignored.
 */
export function claimRoutes(app: FastifyInstance, deps: OrchestratorDeps): void {
  const claim = async (request: FastifyRequest<{ Params: { token: string } }>): Promise<ClaimAnswer> => {
    const claimed = await redeemClaim(deps, request.params.token, request.id);
    return { ...claimed, message: 'API key claimed successfully' };
  };
  app.post<{ Params: { token: string } }>('/api/v1/claim/:token', claim);
  // A link preview that fetches a GET burns the token: our own links carry it in the fragment and POST.
  app.get<{ Params: { token: string } }>('/api/v1/claim/:token', { exposeHeadRoute: false }, claim);
}
