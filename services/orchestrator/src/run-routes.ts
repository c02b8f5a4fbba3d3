import { admitAfter, requirePermission, startExecution, submitRun, waitingFor, type AdmitDeps } from '@runvoy/core';
import { AcceptedRunSchema, RunHeadersSchema, RunRequestSchema, WaitedRunSchema } from '@runvoy/protocol/schemas';
import type { RunAnswer, RunRequest, WaitedRunAnswer } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { streamTicketUrl, viewUrl } from './links.ts';
import { preferredWait, WaitedRuns } from './waited-run.ts';

/** `POST /api/v1/run`: stored before it is started, answered 202; with `Prefer: wait=N` 200 when it has ended in time. */
export function runRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const waited = new WaitedRuns(api, deps);
  api.post<{ Body: RunRequest }>(
    '/run',
    {
      schema: {
        operationId: 'run',
        tags: ['runs'],
        summary: 'Run a command',
        description:
          'It is stored before it is started. With `Prefer: wait=N` the answer is 200 when it has ended in time.',
        headers: RunHeadersSchema,
        body: RunRequestSchema,
        response: { 200: WaitedRunSchema, 202: AcceptedRunSchema },
        answerHeaders: ['Preference-Applied'],
        errors: [
          'IMAGE_NOT_FOUND',
          'SECRET_NOT_FOUND',
          'UNPROCESSABLE',
          'IDEMPOTENCY_CONFLICT',
          'IMAGE_NEEDS_CONTAINER',
          'ISOLATION_TOO_WEAK',
          'ISOLATION_UNAVAILABLE',
          'QUEUE_FULL',
          'NO_RUNNER',
        ],
      },
      // Refused before the body is looked at: who may not run learns nothing about what is valid.
      preValidation: async (request) => requirePermission(callerOf(request), 'run.create'),
    },
    async (request, reply): Promise<RunAnswer | WaitedRunAnswer> => {
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
      const answer: RunAnswer = {
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
      const seconds = preferredWait(request.headers['prefer']);
      if (seconds !== undefined) reply.header('Preference-Applied', `wait=${seconds}`);
      const ended = seconds ? await waited.outcome(request, id, seconds) : undefined;
      reply.code(ended ? 200 : 202);
      return ended ? { ...answer, ...ended } : answer;
    },
  );
}

function admitDeps({ policy, ...deps }: OrchestratorDeps): AdmitDeps {
  return { ...deps, ...(policy.limits === undefined ? {} : { limits: policy.limits }) };
}
