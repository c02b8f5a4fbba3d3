import { requirePermission, submitRun, type FailureCode } from '@runvoy/core';
import { AcceptedRunSchema, RunHeadersSchema, RunRequestSchema, WaitedRunSchema } from '@runvoy/protocol/schemas';
import type { RunAnswer, RunRequest, WaitedRunAnswer } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { askedRun, type AcceptedRuns } from './accepted-runs.ts';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { keyedCall, type KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS } from './openapi/conditional.ts';

/** What a run is refused with, however it is asked for. */
export const RUN_REFUSALS = [
  'IMAGE_NOT_FOUND',
  'SECRET_NOT_FOUND',
  ...KEYED_ERRORS,
  'IMAGE_NEEDS_CONTAINER',
  'ISOLATION_TOO_WEAK',
  'ISOLATION_UNAVAILABLE',
  'QUEUE_FULL',
  'NO_RUNNER',
] as const satisfies readonly FailureCode[];

/** What requests for runs go through, before and after they are stored. */
export interface RunDoors {
  readonly keyed: KeyedCalls;
  readonly runs: AcceptedRuns;
}

/** `POST /api/v1/run`: stored before it is started, answered 202; with `Prefer: wait=N` 200 when it has ended in time. */
export function runRoutes(api: FastifyInstance, deps: OrchestratorDeps, { runs, keyed }: RunDoors): void {
  api.post<{ Body: RunRequest }>(
    '/run',
    {
      schema: {
        operationId: 'run',
        tags: ['runs'],
        summary: 'Run a command',
        permission: 'run.create',
        description:
          'It is stored before it is started. With `Prefer: wait=N` the answer is 200 when it has ended in time.',
        headers: RunHeadersSchema,
        body: RunRequestSchema,
        response: { 200: WaitedRunSchema, 202: AcceptedRunSchema },
        answerHeaders: ['Preference-Applied', 'Idempotent-Replayed'],
        errors: RUN_REFUSALS,
      },
      // Refused before the body is looked at: who may not run learns nothing about what is valid.
      preValidation: async (request) => requirePermission(callerOf(request), 'run.create'),
    },
    async (request, reply): Promise<RunAnswer | WaitedRunAnswer> => {
      const submission = { request: request.body, ...askedRun(request) };
      // Until it is stored: who waits for its end may come again with the same key.
      const accepted = await keyed.alone(keyedCall(request), () => submitRun(deps, submission));
      return runs.answer(request, reply, accepted);
    },
  );
}
