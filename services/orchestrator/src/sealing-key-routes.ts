import { requirePermission, resealNow, rotateSealingKey, sealingKeyUse } from '@runvoy/core';
import type { ResealAnswer, SealingKeyAnswer } from '@runvoy/protocol';
import { ResealedSchema, SealingKeySchema } from '@runvoy/protocol/schemas';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import type { Operation } from './openapi/operation.ts';

/** The key that secrets and variables are sealed with: which it is, another one in its place, and what older ones still seal. */
export function sealingKeyRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const mayManage = async (request: FastifyRequest) => requirePermission(callerOf(request), 'sealing-key.manage');
  const noticed = (error: unknown, about: string) =>
    deps.logger.warn('a sealed value did not open and stays as it is', { about, error });

  const shown = {
    operationId: 'getSealingKey',
    tags: ['secrets'],
    summary: 'Which key seals secrets',
    permission: 'sealing-key.manage',
    response: { 200: SealingKeySchema },
  } as const satisfies Operation;
  const rotated = {
    operationId: 'rotateSealingKey',
    tags: ['secrets'],
    summary: 'Put another key in its place',
    permission: 'sealing-key.manage',
    description: 'What older keys sealed is sealed anew; until then they stay readable.',
    response: { 201: ResealedSchema },
  } as const satisfies Operation;
  const resealed = {
    operationId: 'resealSecrets',
    tags: ['secrets'],
    summary: 'Seal anew what older keys sealed',
    permission: 'sealing-key.manage',
    response: { 200: ResealedSchema },
  } as const satisfies Operation;

  api.get('/sealing-key', { schema: shown }, async (request): Promise<SealingKeyAnswer> =>
    sealingKeyUse(deps, asking(request)),
  );

  api.post(
    '/sealing-key/rotate',
    { schema: rotated, preValidation: mayManage },
    async (request, reply): Promise<ResealAnswer> => {
      const answer = await rotateSealingKey(deps, asking(request), noticed);
      reply.code(201);
      return answer;
    },
  );

  api.post(
    '/sealing-key/reseal',
    { schema: resealed, preValidation: mayManage },
    async (request): Promise<ResealAnswer> => {
      return resealNow(deps, asking(request), noticed);
    },
  );
}
