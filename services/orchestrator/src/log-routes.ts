import { Readable } from 'node:stream';
import {
  stateLog,
  cursorBeforeLast,
  cursorBeforeTime,
  readLogPage,
  readRawBatches,
  type Execution,
  type LogAssessment,
  type RawLine,
} from '@runvoy/core';
import { ExecutionParamsSchema, LogQuerySchema, LogsSchema } from '@runvoy/protocol/schemas';
import { isTerminal, type LogEventBody, type LogLine, type LogsBody } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { streamTicketUrl } from './links.ts';
import { readLogQuery, type LogQuery } from './list-query.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
/** So much is written at once, where there is more: bytes. */
const WRITE_BYTES = 64 * 1024;

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
      if (query) {
        const page = await logPage(deps, execution, query, live);
        // The schema's own writer looks at every event twice before it writes it.
        return reply.type(JSON_TYPE).send(JSON.stringify(page));
      }
      if (execution.status === 'STARTING' || execution.status === 'RUNNING') {
        return {
          execution_id: execution.execution_id,
          events: null,
          status: execution.status,
          ...summaryOf(undefined),
          ...live,
        };
      }
      reply.type(JSON_TYPE);
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
async function* wholeLog(deps: OrchestratorDeps, execution: Execution): AsyncGenerator<Buffer> {
  const assessment = await stateLog(deps, execution);
  const { execution_id, status } = execution;
  const head = JSON.stringify({ execution_id, status, ...summaryOf(assessment) });
  let text = Buffer.from(`${head.slice(0, -1)},"events":[`).toString('latin1');
  let isFirst = true;
  for await (const lines of readRawBatches(deps, execution_id, 0)) {
    for (const line of lines) {
      text += isFirst ? rawEvent(line) : `,${rawEvent(line)}`;
      isFirst = false;
    }
    if (text.length < WRITE_BYTES) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  yield Buffer.from(`${text}]}\n`, 'latin1');
}

/** `eventOf` in bytes: the JSON of the text passes as it is stored. */
function rawEvent({ seq, stream, ms, partial, json }: RawLine): string {
  // runvoy's web app drops empty messages; a blank line survives as one space, as in its live frames.
  const message = json === '' ? ' ' : json;
  const more = partial ? ',"partial":true' : '';
  return `{"event_id":"${seq}","timestamp":${ms},"message":"${message}","stream":"${stream}"${more}}`;
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
