import { Failure, LONGEST_TICKET_MS, verifyLog } from '@runvoy/core';
import type { TicketBody, VerifyLogBody } from '@runvoy/protocol';
import {
  EventsQuerySchema,
  ExecutionParamsSchema,
  TicketQuerySchema,
  TicketSchema,
  VerifiedLogSchema,
} from '@runvoy/protocol/schemas';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { eventsTicketUrl, readTicket, withTicket } from './links.ts';
import { readCount, readLogQuery } from './list-query.ts';
import type { Operation } from './openapi/operation.ts';
import { whileAwaited } from './while-awaited.ts';

type ById = { Params: { id: string } };
type ByQuery = { Querystring: Record<string, unknown> };

const HOUR_S = 3_600;
const LEAST_S = 60;

/** The doors of a log that need no key once somebody with a key has opened them, and the check of the whole. */
export function ticketRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  const asked = async (request: FastifyRequest<ById>) => {
    const caller = callerOf(request);
    const execution = await readableLog(deps.records, caller, request.params.id);
    return { caller, execution };
  };

  const schema = { tags: ['runs'], params: ExecutionParamsSchema } as const satisfies Operation;
  const ticketSchema = {
    ...schema,
    operationId: 'createTicket',
    summary: 'URLs of its log that need no key',
    permission: 'execution.read',
    querystring: TicketQuerySchema,
    response: { 201: TicketSchema },
    errors: ['EXECUTION_NOT_FOUND', 'LOG_EXPIRED'],
  } as const satisfies Operation;
  api.post<ById & ByQuery>(
    '/executions/:id/ticket',
    { schema: ticketSchema },
    async (request, reply): Promise<TicketBody> => {
      const lifeMs = readLifeMs(request.query);
      const { caller, execution } = await asked(request);
      const id = execution.execution_id;
      const ticket = readTicket(deps, id, caller, lifeMs);
      reply.code(201);
      return {
        execution_id: id,
        expires_at: new Date(deps.clock.now() + lifeMs).toISOString(),
        events_url: eventsTicketUrl(deps, id, ticket),
        websocket_url: withTicket(deps.streamUrl(), id, ticket),
        text_url: `${originOf(request)}/api/v1/executions/${id}/logs.txt?token=${ticket}`,
      };
    },
  );

  // Streams are another service's; a client follows, and comes back to where it was sent.
  const streamSchema = {
    ...schema,
    operationId: 'followLogs',
    summary: 'Its log as server-sent events',
    permission: 'execution.read',
    description: 'Sends its caller to where the events are, with a ticket.',
    querystring: EventsQuerySchema,
    answerHeaders: ['Location'],
    response: { 307: Type.Null({ description: 'The stream, in `Location`.' }) },
    errors: ['INVALID_REQUEST', 'EXECUTION_NOT_FOUND', 'LOG_EXPIRED'],
  } as const satisfies Operation;
  api.get<ById & ByQuery>('/executions/:id/logs/stream', { schema: streamSchema }, async (request, reply) => {
    const { after } = readLogQuery({ limit: '1', ...request.query })!;
    const { caller, execution } = await asked(request);
    const ticket = readTicket(deps, execution.execution_id, caller);
    const url = eventsTicketUrl(deps, execution.execution_id, ticket);
    return reply.redirect(after === 0 ? url : `${url}&after=${after}`, 307);
  });

  const verifySchema = {
    ...schema,
    operationId: 'verifyLogs',
    summary: 'Its log, checked anew',
    permission: 'execution.read',
    response: { 200: VerifiedLogSchema },
    errors: ['EXECUTION_NOT_FOUND', 'LOG_EXPIRED'],
  } as const satisfies Operation;
  api.get<ById>('/executions/:id/logs/verify', { schema: verifySchema }, async (request, reply) => {
    const { execution } = await asked(request);
    return whileAwaited(reply, (signal): Promise<VerifyLogBody> => verifyLog(deps, execution, signal));
  });
}

/** `?expires_in=` in seconds. */
function readLifeMs(query: Readonly<Record<string, unknown>>): number {
  const seconds = readCount('expires_in', query['expires_in'], HOUR_S);
  const longest = LONGEST_TICKET_MS / 1_000;
  if (seconds >= LEAST_S && seconds <= longest) return seconds * 1_000;
  throw new Failure(
    'INVALID_REQUEST',
    `expires_in is a number of seconds from ${LEAST_S} to ${longest}; got ${seconds}.`,
  );
}

/** Where the caller reached us; behind a front end that ends TLS, it says so. */
function originOf({ headers, protocol, host }: FastifyRequest): string {
  const forwarded = headers['x-forwarded-proto'];
  return `${forwarded === 'https' ? 'https' : protocol}://${host}`;
}
