import { deadLetterBody, eventOf, openDeadLetters, requirePermission } from '@runvoy/core';
import {
  DeadLetterDetailsSchema,
  DeadLetterPageSchema,
  DeadLetterParamsSchema,
  DeadLetterSchema,
  PageQuerySchema,
  ReplayedDeadLetterSchema,
} from '@runvoy/protocol/schemas';
import type { DeadLetterBody, DeadLetterDetails, ListDeadLettersAnswer, ReplayAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { actedBy, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readPageQuery } from './list-query.ts';

type ById = { Params: { id: string } };

/** Events that nobody could carry out: list, show, send again, give up. */
export function deadLetterRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const deadLetters = openDeadLetters(deps);
  const mayRead = async (request: FastifyRequest) => requirePermission(callerOf(request), 'dead-letters.read');
  const mayChange = async (request: FastifyRequest) => requirePermission(callerOf(request), 'dead-letters.change');

  api.get<{ Querystring: Record<string, unknown> }>(
    '/dead-letters',
    {
      schema: {
        operationId: 'listDeadLetters',
        tags: ['dead-letters'],
        summary: 'Those that are open, newest first',
        permission: 'dead-letters.read',
        querystring: PageQuerySchema,
        response: { 200: DeadLetterPageSchema },
        errors: ['INVALID_REQUEST'],
      },
      preValidation: mayRead,
    },
    async ({ query }): Promise<ListDeadLettersAnswer> => {
      const { letters, next } = await deadLetters.list(readPageQuery(query));
      const count = await deadLetters.count();
      return { dead_letters: letters.map(deadLetterBody), ...(next === undefined ? {} : { next }), count };
    },
  );

  api.get<ById>(
    '/dead-letters/:id',
    {
      schema: {
        operationId: 'getDeadLetter',
        tags: ['dead-letters'],
        summary: 'One of them, with its event',
        permission: 'dead-letters.read',
        params: DeadLetterParamsSchema,
        response: { 200: DeadLetterDetailsSchema },
        errors: ['NOT_FOUND'],
      },
      preValidation: mayRead,
    },
    async ({ params }): Promise<DeadLetterDetails> => {
      const known = await deadLetters.get(params.id);
      const event = eventOf(known.letter);
      return { ...deadLetterBody(known), ...(event === undefined ? {} : { event }) };
    },
  );

  api.post<ById>(
    '/dead-letters/:id/replay',
    {
      schema: {
        operationId: 'replayDeadLetter',
        tags: ['dead-letters'],
        summary: 'Send it again',
        permission: 'dead-letters.change',
        params: DeadLetterParamsSchema,
        response: { 200: ReplayedDeadLetterSchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE'],
      },
      preValidation: mayChange,
    },
    async (request): Promise<ReplayAnswer> => {
      const replayed = await deadLetters.replay(request.params.id, actedBy(request));
      return { ...deadLetterBody(replayed), sent: replayed.sent };
    },
  );

  api.delete<ById>(
    '/dead-letters/:id',
    {
      schema: {
        operationId: 'dropDeadLetter',
        tags: ['dead-letters'],
        summary: 'Give it up',
        permission: 'dead-letters.change',
        params: DeadLetterParamsSchema,
        response: { 200: DeadLetterSchema },
        errors: ['NOT_FOUND', 'CONFLICT'],
      },
      preValidation: mayChange,
    },
    async (request): Promise<DeadLetterBody> => {
      return deadLetterBody(await deadLetters.drop(request.params.id, actedBy(request)));
    },
  );
}
