import { defaultImageId, executionBody, playbookSummary, requirePermission, traceRequest } from '@runvoy/core';
import { TraceParamsSchema, TraceSchema } from '@runvoy/protocol/schemas';
import type { TraceAnswer, TraceResources } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { imageBody } from './image-routes.ts';
import { secretBody } from './secret-routes.ts';
import { userBody } from './user-routes.ts';

type ById = { Params: { request_id: string } };

/** Everything that carries a request's id, in runvoy's shape. */
export function traceRoutes(api: FastifyInstance, { records, prices, loggedOf }: OrchestratorDeps): void {
  api.get<ById>(
    '/trace/:request_id',
    {
      schema: {
        operationId: 'traceRequest',
        tags: ['audit'],
        summary: "Everything that carries a request's id",
        permission: 'trace.read',
        description:
          'What was changed in the request, the runs it started or stopped, what the server logged of it, and the things and people these name.',
        params: TraceParamsSchema,
        response: { 200: TraceSchema },
        errors: ['INVALID_REQUEST'],
      },
    },
    async (request): Promise<TraceAnswer> => {
      requirePermission(callerOf(request), 'trace.read');
      const trace = await traceRequest(records, request.params.request_id, loggedOf);
      const theDefault = trace.images.length === 0 ? undefined : await defaultImageId(records);
      return {
        logs: trace.events.length === 0 ? null : trace.events,
        related_resources: withoutEmpty({
          executions: trace.executions.map((execution) => executionBody(execution, undefined, prices)),
          secrets: trace.secrets.map((secret) => secretBody(secret)),
          users: trace.users.map(userBody),
          images: trace.images.map((image) => imageBody(image, theDefault)),
          playbooks: trace.playbooks.map(playbookSummary),
        }),
      };
    },
  );
}

function withoutEmpty(resources: Required<TraceResources>): TraceResources {
  return Object.fromEntries(Object.entries(resources).filter(([, found]) => found.length > 0));
}
