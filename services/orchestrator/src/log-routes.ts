import { Readable } from 'node:stream';
import {
  assessLog,
  cursorBeforeLast,
  cursorBeforeTime,
  readLineBatches,
  readLogPage,
  type Execution,
  type LogAssessment,
} from '@runvoy/core';
import { ExecutionParamsSchema, LogQuerySchema, LogsSchema } from '@runvoy/protocol/schemas';
import { isTerminal, type LogEventBody, type LogLine, type LogsBody } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { streamTicketUrl } from './links.ts';
import { readLogQuery, type LogQuery } from './list-query.ts';

/** `GET /api/v1/executions/{id}/logs`: runvoy's shape, or pages by sequence number. */
export function logRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get<{ Params: { id: string }; Querystring: Record<string, unknown> }>(
    '/executions/:id/logs',
    {
      schema: {
        operationId: 'readLogs',
        tags: ['runs'],
        summary: 'Its log',
        permission: 'execution.read',
        description:
          'Without a query the answer has the shape of runvoy on AWS: no events and `websocket_url` while it is STARTING or RUNNING, afterwards the whole history. With one it is a page of lines, in any state.',
        params: ExecutionParamsSchema,
        querystring: LogQuerySchema,
        response: { 200: LogsSchema },
        errors: ['INVALID_REQUEST', 'EXECUTION_NOT_FOUND', 'LOG_EXPIRED', 'UNPROCESSABLE'],
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const query = readLogQuery(request.query);
      const execution = await readableLog(deps.records, caller, request.params.id);
      const live = { websocket_url: streamTicketUrl(deps, execution.execution_id, caller) };
      if (query) return logPage(deps, execution, query, live);
      if (execution.status === 'STARTING' || execution.status === 'RUNNING') {
        return {
          execution_id: execution.execution_id,
          events: null,
          status: execution.status,
          ...summaryOf(undefined),
          ...live,
        };
      }
      reply.type('application/json; charset=utf-8');
      return Readable.from(wholeLog(deps, execution));
    },
  );
}

async function logPage(
  deps: OrchestratorDeps,
  execution: Execution,
  query: LogQuery,
  live: { readonly websocket_url: string },
): Promise<LogsBody> {
  const { limit, toMs, tail } = query;
  const after = await cursorOf(deps, execution.execution_id, query);
  const passesHoles = tail !== undefined;
  const page = await readLogPage(deps, execution, {
    after,
    limit,
    passesHoles,
    ...(toMs === undefined ? {} : { toMs }),
  });
  return {
    execution_id: execution.execution_id,
    events: page.lines.map(eventOf),
    status: execution.status,
    ...(isTerminal(execution.status) ? {} : live),
    ...summaryOf(page.assessment),
    ...(page.next_after === undefined ? {} : { next_after: page.next_after }),
  };
}

/** The cursor before the first line of a page. */
async function cursorOf(deps: OrchestratorDeps, id: string, { after, tail, fromMs }: LogQuery): Promise<number> {
  if (tail !== undefined) return cursorBeforeLast(deps, id, tail);
  if (fromMs === undefined) return after;
  return Math.max(after, await cursorBeforeTime(deps, id, fromMs));
}

/** The whole history as one JSON body, written as it is read: memory stays flat however long the log is. */
async function* wholeLog(deps: OrchestratorDeps, execution: Execution): AsyncGenerator<string> {
  const assessment = await assessLog(deps, execution);
  const { execution_id, status } = execution;
  const head = JSON.stringify({ execution_id, status, ...summaryOf(assessment) });
  yield `${head.slice(0, -1)},"events":[`;
  let isFirst = true;
  let batch = '';
  // By chunks, not by lines: a turn of the event loop for each of a hundred thousand lines costs more than the lines.
  for await (const lines of readLineBatches(deps, execution_id, 0)) {
    for (const line of lines) {
      // runvoy's web app drops empty messages; a blank line survives as one space, as in its live frames.
      const event = eventOf(line.text === '' ? { ...line, text: ' ' } : line);
      batch += (isFirst ? '' : ',') + JSON.stringify(event);
      isFirst = false;
    }
    if (batch.length > 65_536) {
      yield batch;
      batch = '';
    }
  }
  yield `${batch}]}\n`;
}

function summaryOf(assessment: LogAssessment | undefined): Pick<LogsBody, 'completeness' | 'gaps' | 'sha256'> {
  if (!assessment) return { completeness: 'running' };
  const { completeness, gaps, sha256 } = assessment;
  return { completeness, ...(gaps.length > 0 ? { gaps } : {}), ...(sha256 === undefined ? {} : { sha256 }) };
}

function eventOf(line: LogLine): LogEventBody {
  return {
    event_id: String(line.seq),
    timestamp: line.ms,
    message: line.text,
    stream: line.stream,
    ...(line.partial ? { partial: true } : {}),
  };
}
