import {
  executionBody,
  executionRef,
  executionStatusBody,
  stateLog,
  Failure,
  listExecutions,
  queuePlaces,
  requireKeptLog,
  requirePermission,
  stopExecution,
  type Caller,
  type Execution,
  type Records,
} from '@runvoy/core';
import {
  ChangeHeadersSchema,
  ExecutionListQuerySchema,
  ExecutionListSchema,
  ExecutionParamsSchema,
  ExecutionSchema,
  ReadHeadersSchema,
  ExecutionStateSchema,
  StoppedExecutionSchema,
  StopQuerySchema,
} from '@runvoy/protocol/schemas';
import {
  isTerminal,
  type ExecutionBody,
  type ExecutionStatusBody,
  type KillAnswer,
  type QueueBody,
} from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import Type from 'typebox';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import { nextLink } from './links.ts';
import { readListQuery } from './list-query.ts';
import { NOT_MODIFIED } from './openapi/conditional.ts';
import { readStopGrace } from './stop-query.ts';

type ById = { Params: { id: string } };
type ByQuery = { Querystring: Record<string, unknown> };

/** Executions: list, show, status, stop. */
export function executionRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get<ByQuery>(
    '/executions',
    {
      schema: {
        operationId: 'listExecutions',
        tags: ['runs'],
        summary: 'Executions of everybody, newest first',
        description:
          'All parts of a filter have to be true of a run. Where there may be more, `Link` names the page that follows; a page of a filter that few runs match can hold fewer than `limit`, and still have a next one.',
        permission: 'executions.list',
        querystring: ExecutionListQuerySchema,
        response: { 200: ExecutionListSchema },
        answerHeaders: ['Link'],
        errors: ['INVALID_REQUEST', 'UNPROCESSABLE'],
      },
    },
    async (request, reply): Promise<ExecutionBody[]> => {
      requirePermission(callerOf(request), 'executions.list');
      const { filter, limit, after } = readListQuery(request.query);
      const { executions, next } = await listExecutions(deps.records, filter, { limit, after });
      // The body stays the bare array that runvoy's clients read.
      if (next !== undefined) reply.header('Link', nextLink(request.url, next));
      const places = await queuePlaces(deps.records, deps.policy.limits, executions);
      return executions.map((execution) => executionBody(execution, places.get(execution.execution_id), deps.prices));
    },
  );

  api.get<ById>(
    '/executions/:id',
    {
      schema: {
        operationId: 'getExecution',
        tags: ['runs'],
        summary: 'One execution',
        permission: 'execution.read',
        params: ExecutionParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: ExecutionSchema, 304: NOT_MODIFIED },
        errors: ['EXECUTION_NOT_FOUND'],
      },
    },
    async (request, reply): Promise<ExecutionBody | FastifyReply> => {
      const execution = await readableExecution(deps.records, callerOf(request), request.params.id);
      const body = executionBody(execution, await placeOfRun(deps, execution), deps.prices);
      return answerTagged(request, reply, entityTag(body), body);
    },
  );

  api.get<ById>(
    '/executions/:id/status',
    {
      schema: {
        operationId: 'getExecutionStatus',
        tags: ['runs'],
        summary: 'How it stands',
        permission: 'execution.read',
        params: ExecutionParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: ExecutionStateSchema, 304: NOT_MODIFIED },
        errors: ['EXECUTION_NOT_FOUND'],
      },
    },
    async (request, reply): Promise<ExecutionStatusBody | FastifyReply> => {
      const execution = await readableExecution(deps.records, callerOf(request), request.params.id);
      const assessment = isTerminal(execution.status) ? await stateLog(deps, execution) : undefined;
      const body = executionStatusBody(execution, assessment, await placeOfRun(deps, execution), deps.prices);
      return answerTagged(request, reply, entityTag(body), body);
    },
  );

  api.delete<ById & ByQuery>(
    '/executions/:id',
    {
      schema: {
        operationId: 'stopExecution',
        tags: ['runs'],
        summary: 'Stop it',
        permission: 'execution.stop',
        description:
          'Its processes get SIGTERM, and SIGKILL after the grace. 204 says that it is stopping or has ended already.',
        params: ExecutionParamsSchema,
        querystring: StopQuerySchema,
        headers: ChangeHeadersSchema,
        response: {
          200: StoppedExecutionSchema,
          204: Type.Null({ description: 'It is stopping or has ended already.' }),
        },
        errors: ['EXECUTION_NOT_FOUND', 'UNPROCESSABLE', 'PRECONDITION_FAILED'],
      },
    },
    async (request, reply): Promise<KillAnswer | undefined> => {
      const caller = callerOf(request);
      const { id } = request.params;
      const read = await readable(deps.records, caller, id, 'execution.stop');
      const place = request.headers['if-match'] === undefined ? undefined : await placeOfRun(deps, read);
      const requireState = demandedState(request);
      const grace_ms = readStopGrace(request.query);
      const { outcome } = await stopExecution(
        deps,
        id,
        { email: caller.user.email, requestId: request.id, ...(grace_ms === undefined ? {} : { grace_ms }) },
        (execution) => {
          requirePermission(caller, 'execution.stop', execution.owned_by);
          requireState(() => entityTag(executionBody(execution, place, deps.prices)));
        },
        (error) => deps.logger.warn('a cancel failed; the next look sends it again', { execution_id: id, error }),
      );
      if (outcome === 'already') {
        // runvoy's CLI depends on 204 here.
        reply.code(204);
        return undefined;
      }
      const message = outcome === 'hastened' ? 'Execution termination hastened' : 'Execution termination initiated';
      return { execution_id: id, message };
    },
  );
}

async function placeOfRun({ records, policy }: OrchestratorDeps, execution: Execution): Promise<QueueBody | undefined> {
  return (await queuePlaces(records, policy.limits, [execution])).get(execution.execution_id);
}

/** The execution when the caller may read it. Who may not, learns nothing about whether it exists. */
export function readableExecution(records: Records, caller: Caller, id: string): Promise<Execution> {
  return readable(records, caller, id, 'execution.read');
}

/** The same, for who asks for its log: fails with `LOG_EXPIRED` when that is not kept any more. */
export async function readableLog(records: Records, caller: Caller, id: string): Promise<Execution> {
  const execution = await readableExecution(records, caller, id);
  requireKeptLog(execution);
  return execution;
}

async function readable(
  records: Records,
  caller: Caller,
  id: string,
  permission: 'execution.read' | 'execution.stop',
): Promise<Execution> {
  const stored = isExecutionId(id) ? await records.get(executionRef(id)) : undefined;
  requirePermission(caller, permission, stored?.value.owned_by ?? []);
  if (!stored) throw new Failure('EXECUTION_NOT_FOUND', id.slice(0, 80));
  return stored.value;
}

function isExecutionId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}
