import { importExecutions, importLog, requirePermission } from '@runvoy/core';
import {
  ExecutionParamsSchema,
  ImportedExecutionsSchema,
  ImportedLogSchema,
  ImportExecutionsRequestSchema,
  ImportLogRequestSchema,
  KeyedHeadersSchema,
} from '@runvoy/protocol/schemas';
import type {
  ImportExecutionsAnswer,
  ImportExecutionsRequest,
  ImportLogAnswer,
  ImportLogRequest,
} from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS } from './openapi/conditional.ts';

/** History of another deployment: runs that ended there, and their logs. Everything else of a move uses the routes that there are. */
export function importRoutes(api: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls): void {
  const mayImport = async (request: FastifyRequest) => requirePermission(callerOf(request), 'import.create');

  api.post<{ Body: ImportExecutionsRequest }>(
    '/import/executions',
    {
      schema: {
        operationId: 'importExecutions',
        tags: ['import'],
        summary: 'Store runs that ended in another deployment; one whose id is taken stays as it is',
        permission: 'import.create',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed'],
        body: ImportExecutionsRequestSchema,
        response: { 200: ImportedExecutionsSchema },
        errors: [...KEYED_ERRORS],
      },
      preValidation: mayImport,
    },
    async (request, reply): Promise<ImportExecutionsAnswer> => {
      const { executions, source } = request.body;
      return keyed.once<ImportExecutionsAnswer>(request, reply, 'nothing-secret', (keep) =>
        importExecutions(deps, executions, source, asking(request), keep),
      );
    },
  );

  api.post<{ Params: { id: string }; Body: ImportLogRequest }>(
    '/import/executions/:id/log',
    {
      schema: {
        operationId: 'importLog',
        tags: ['import'],
        summary: 'Store lines of the log of a run that was imported; the same again is no error',
        permission: 'import.create',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed'],
        params: ExecutionParamsSchema,
        body: ImportLogRequestSchema,
        response: { 200: ImportedLogSchema },
        errors: ['EXECUTION_NOT_FOUND', 'CONFLICT', 'BATCH_MISMATCH', ...KEYED_ERRORS],
      },
      preValidation: mayImport,
    },
    async (request, reply): Promise<ImportLogAnswer> =>
      keyed.once<ImportLogAnswer>(request, reply, 'nothing-secret', (keep) =>
        importLog(deps, request.params.id, request.body.lines, asking(request), keep),
      ),
  );
}
