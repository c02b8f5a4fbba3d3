import { redeemClaim, type ClaimedKey } from '@runvoy/core';
import { ClaimedKeySchema, ClaimParamsSchema, KeyedHeadersSchema } from '@runvoy/protocol/schemas';
import type { ClaimAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS } from './openapi/conditional.ts';
import type { Operation } from './openapi/operation.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * `POST /api/v1/claim/{token}`; `GET` does the same for runvoy's clients. Without a key; a key that is sent is ignored.
 */
export function claimRoutes(app: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls, rates?: RateLimits): void {
  const claim = async (
    request: FastifyRequest<{ Params: { token: string } }>,
    reply: FastifyReply,
  ): Promise<ClaimAnswer> => {
    // Whoever has the token is who may be told the key again, and only for as long as the token is good for.
    const redeem = () =>
      keyed.once<ClaimedKey>(
        request,
        reply,
        'credential',
        (keep) => redeemClaim(deps, request.params.token, request.id, keep),
        'claim',
      );
    const claimed = await (rates ? rates.checked(request, reply, redeem) : redeem());
    return { ...claimed, message: 'API key claimed successfully' };
  };
  const schema = {
    tags: ['users'],
    params: ClaimParamsSchema,
    headers: KeyedHeadersSchema,
    answerHeaders: ['Idempotent-Replayed'],
    response: { 200: ClaimedKeySchema },
    errors: [
      'CLAIM_NOT_FOUND',
      'CLAIM_USED',
      'RATE_LIMITED',
      'STORE_UNAVAILABLE',
      'STORE_CONTENDED',
      'SHUTTING_DOWN',
      'INVALID_REQUEST',
      ...KEYED_ERRORS,
    ],
  } as const satisfies Operation;
  app.post<{ Params: { token: string } }>(
    '/api/v1/claim/:token',
    {
      schema: {
        ...schema,
        operationId: 'claimKey',
        summary: 'Trade a claim token for a key',
        description: 'Asks no key: the token is what lets in. It works once.',
      },
    },
    claim,
  );
  // A link preview that fetches a GET burns the token: our own links carry it in the fragment and POST.
  app.get<{ Params: { token: string } }>(
    '/api/v1/claim/:token',
    {
      exposeHeadRoute: false,
      schema: {
        ...schema,
        operationId: 'claimKeyByGet',
        summary: 'The same for clients of runvoy on AWS',
        description: 'A preview of the link uses the token up: where you can, send a POST.',
      },
    },
    claim,
  );
}
