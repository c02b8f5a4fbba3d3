import type { HealthBody } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';

/** `GET /api/v1/health`: alive and who am I, for load balancers and CLIs. Asks no key and touches no store. */
export function healthRoutes(app: FastifyInstance, { version, policy, region }: OrchestratorDeps): void {
  app.get('/api/v1/health', async (): Promise<HealthBody> => {
    return { status: 'ok', version, provider: policy.cloud, ...(region === undefined ? {} : { region }) };
  });
}
