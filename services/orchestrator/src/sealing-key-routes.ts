import { requirePermission, resealNow, rotateSealingKey, sealingKeyUse } from '@runvoy/core';
import type { ResealAnswer, SealingKeyAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';

/** The key that secrets and variables are sealed with: which it is, another one in its place, and what older ones still seal. */
export function sealingKeyRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const mayManage = async (request: FastifyRequest) => requirePermission(callerOf(request), 'sealing-key.manage');
  const noticed = (error: unknown, about: string) =>
    deps.logger.warn('a sealed value did not open and stays as it is', { about, error });

  api.get('/sealing-key', async (request): Promise<SealingKeyAnswer> => sealingKeyUse(deps, asking(request)));

  api.post('/sealing-key/rotate', { preValidation: mayManage }, async (request, reply): Promise<ResealAnswer> => {
    const resealed = await rotateSealingKey(deps, asking(request), noticed);
    reply.code(201);
    return resealed;
  });

  api.post('/sealing-key/reseal', { preValidation: mayManage }, async (request): Promise<ResealAnswer> => {
    return resealNow(deps, asking(request), noticed);
  });
}
