import { admitAfter, requirePermission, startExecution, submitRun, waitingFor, type AdmitDeps } from '@runvoy/core';
import { RunRequestSchema } from '@runvoy/protocol/schemas';
import type { RunAnswer, RunRequest } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { streamTicketUrl, viewUrl } from './links.ts';

/** `POST /api/v1/run`: stored before it is started, answered 202. */
export function runRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.post<{ Body: RunRequest }>(
    '/run',
    {
      schema: { body: RunRequestSchema },
      // Refused before the body is looked at: who may not run learns nothing about what is valid.
      preValidation: async (request) => requirePermission(callerOf(request), 'run.create'),
    },
    async (request, reply): Promise<RunAnswer> => {
      const caller = callerOf(request);
      const idempotencyKey = request.headers['idempotency-key'];
      const accepted = await submitRun(deps, {
        request: request.body,
        caller,
        requestId: request.id,
        ...(typeof idempotencyKey === 'string' ? { idempotencyKey } : {}),
      });
      const id = accepted.execution.execution_id;
      const started =
        accepted.order &&
        (await startExecution(deps, accepted.order, (error) => {
          deps.logger.warn('the outcome of a start is unknown; a look will tell', { execution_id: id, error });
        }));
      const stored = started ?? accepted.execution;
      const execution =
        (await admitAfter(admitDeps(deps), stored, (error, about) => {
          deps.logger.warn('a run that waits could not be started; the next tick does', { execution_id: about, error });
        })) ?? stored;
      const waiting = waitingFor(execution);
      reply.code(202);
      return {
        execution_id: id,
        log_url: '',
        status: execution.status,
        command: execution.command,
        image_id: execution.image_id,
        websocket_url: streamTicketUrl(deps, id, caller),
        isolation: execution.isolation,
        ...(waiting === 'slot' ? { waiting_for: waiting } : {}),
        view_url: viewUrl(deps, id),
      };
    },
  );
}

function admitDeps({ policy, ...deps }: OrchestratorDeps): AdmitDeps {
  return { ...deps, ...(policy.limits === undefined ? {} : { limits: policy.limits }) };
}
