import { Failure, lastHealthReport, reconcileHealth, requirePermission } from '@runvoy/core';
import { HealthReportAnswerSchema, HealthSchema } from '@runvoy/protocol/schemas';
import type { HealthBody, HealthReportAnswer } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';

/** `GET /api/v1/health`: alive and who am I, for load balancers and CLIs. Asks no key and touches no store. */
export function healthRoutes(app: FastifyInstance, { version, policy, region }: OrchestratorDeps): void {
  app.get(
    '/api/v1/health',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['health'],
        summary: 'Alive, and who am I',
        description: 'Asks no key and touches no store.',
        response: { 200: HealthSchema },
      },
    },
    async (): Promise<HealthBody> => {
      return { status: 'ok', version, provider: policy.cloud, ...(region === undefined ? {} : { region }) };
    },
  );
}

/** The health report: the last scheduled one, and one made now, within the request. */
export function healthReportRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const { limits } = deps.policy;
  // An end that a look finds lets the next one in: by the same limits as a submission.
  const looking = { ...deps, upSinceMs: deps.clock.now(), ...(limits === undefined ? {} : { limits }) };

  api.get(
    '/health/report',
    {
      schema: {
        operationId: 'getHealthReport',
        tags: ['health'],
        summary: 'The last scheduled report',
        permission: 'health.read',
        response: { 200: HealthReportAnswerSchema },
        errors: ['NOT_FOUND'],
      },
    },
    async (request): Promise<HealthReportAnswer> => {
      requirePermission(callerOf(request), 'health.read');
      const report = await lastHealthReport(deps.records);
      if (!report) {
        throw new Failure(
          'NOT_FOUND',
          'No scheduled reconcile has stored a report yet. Ask for one that is not kept: "runvoy health reconcile", or POST /api/v1/health/reconcile.',
        );
      }
      return { status: 'ok', report };
    },
  );

  api.post(
    '/health/reconcile',
    {
      schema: {
        operationId: 'reconcileHealth',
        tags: ['health'],
        summary: 'Look at everything, mend what can be mended, and report',
        permission: 'health.reconcile',
        response: { 200: HealthReportAnswerSchema },
      },
    },
    async (request): Promise<HealthReportAnswer> => {
      requirePermission(callerOf(request), 'health.reconcile');
      const report = await reconcileHealth(looking, 'request', (error, about) =>
        deps.logger.warn('a part of the health report failed', { about, error }),
      );
      return { status: 'ok', report };
    },
  );
}
