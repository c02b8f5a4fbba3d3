import { deadLetterBody, eventOf, openDeadLetters, requirePermission } from '@runvoy/core';
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
    { preValidation: mayRead },
    async ({ query }): Promise<ListDeadLettersAnswer> => {
      const { letters, next } = await deadLetters.list(readPageQuery(query));
      const count = await deadLetters.count();
      return { dead_letters: letters.map(deadLetterBody), ...(next === undefined ? {} : { next }), count };
    },
  );

  api.get<ById>('/dead-letters/:id', { preValidation: mayRead }, async ({ params }): Promise<DeadLetterDetails> => {
    const known = await deadLetters.get(params.id);
    const event = eventOf(known.letter);
    return { ...deadLetterBody(known), ...(event === undefined ? {} : { event }) };
  });

  api.post<ById>('/dead-letters/:id/replay', { preValidation: mayChange }, async (request): Promise<ReplayAnswer> => {
    const replayed = await deadLetters.replay(request.params.id, actedBy(request));
    return { ...deadLetterBody(replayed), sent: replayed.sent };
  });

  api.delete<ById>('/dead-letters/:id', { preValidation: mayChange }, async (request): Promise<DeadLetterBody> => {
    return deadLetterBody(await deadLetters.drop(request.params.id, actedBy(request)));
  });
}
