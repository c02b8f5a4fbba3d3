import {
  cursorBeforeLast,
  errorMatcher,
  Failure,
  readLineBatches,
  readMatcher,
  searchLog,
  type Execution,
  type LogFindings,
  type LogSearch,
} from '@runvoy/core';
import { ExecutionParamsSchema, LogSearchQuerySchema, SearchedLogSchema } from '@runvoy/protocol/schemas';
import { LIMITS, type FirstErrorBody, type LogGap, type LogStream, type SearchLogBody } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { readCount, readStream, readSwitch, readText } from './list-query.ts';
import { whileAwaited } from './while-awaited.ts';

type Query = Readonly<Record<string, unknown>>;

/** How long one request may search; the next goes on where it ended. */
const SEARCH_MS = 2_000;
const DEFAULT_LIMIT = 100;
/** Of a failed run in which nothing looks like an error so many lines are the place to begin. */
const LAST_LINES = 10;

/** `GET /api/v1/executions/{id}/logs/search`: every line that matches, counted over the whole log, without loading it. */
export function logSearchRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get<{ Params: { id: string }; Querystring: Record<string, unknown> }>(
    '/executions/:id/logs/search',
    {
      schema: {
        operationId: 'searchLogs',
        tags: ['runs'],
        summary: 'A search in its log',
        permission: 'execution.read',
        description:
          'In any state of the run; without `q`, for lines that look like errors. A request searches for two seconds at most: unless the answer says `complete`, `next_after` goes on.',
        params: ExecutionParamsSchema,
        querystring: LogSearchQuerySchema,
        response: { 200: SearchedLogSchema },
        errors: ['INVALID_REQUEST', 'EXECUTION_NOT_FOUND', 'LOG_EXPIRED', 'UNPROCESSABLE'],
      },
    },
    async (request, reply) => {
      const search = await readSearch(request.query);
      const execution = await readableLog(deps.records, callerOf(request), request.params.id);
      const lines = readLineBatches(deps, execution.execution_id, search.after);
      const isTimeUp = timer(deps);
      return whileAwaited(reply, async (signal) => {
        const found = await searchLog(lines, { ...search, isTimeUp, signal });
        return answerOf(deps, execution, search, found);
      });
    },
  );
}

type AskedSearch = Omit<LogSearch, 'isTimeUp' | 'signal'> & { readonly errors: boolean };

async function readSearch(query: Query): Promise<AskedSearch> {
  const q = readText('q', query['q']);
  const errors = query['q'] === undefined;
  if (q === '' && !errors) {
    throw new Failure(
      'INVALID_REQUEST',
      'q is empty: it is the text to find; without it lines that look like errors are found',
    );
  }
  if (q.length > LIMITS.searchChars) {
    throw new Failure('UNPROCESSABLE', `q has ${q.length} characters; ${LIMITS.searchChars} at most`);
  }
  const limit = readCount('limit', query['limit'], DEFAULT_LIMIT);
  if (limit > LIMITS.searchHits) {
    throw new Failure('UNPROCESSABLE', `limit is ${limit} hits; the limit of a page is ${LIMITS.searchHits}.`);
  }
  const stream = readStream(query);
  const [regex, ignoreCase] = [readSwitch(query, 'regex'), readSwitch(query, 'ignore_case')];
  const lost = errors ? (regex ? 'regex' : ignoreCase ? 'ignore_case' : undefined) : undefined;
  if (lost !== undefined) {
    throw new Failure('INVALID_REQUEST', `${lost} says how to find q; without q lines that look like errors are found`);
  }
  const counts = query['count'] === undefined || readSwitch(query, 'count');
  if (limit === 0 && !counts) {
    throw new Failure('INVALID_REQUEST', 'limit=0 only counts, and count=false does not; nothing would be found out');
  }
  const term = errors ? undefined : await readMatcher({ q, regex, ignoreCase });
  const isAsked = (one: LogStream) => stream === undefined || one === stream;
  return {
    errors,
    limit,
    endsWhenFull: !counts,
    after: readCount('after', query['after'], 0),
    matcher: (one) => (isAsked(one) ? (term ?? errorMatcher(one)) : undefined),
  };
}

function timer({ clock }: OrchestratorDeps): () => boolean {
  const startMs = clock.now();
  // A clock that is set back meanwhile ends the search too: the next request goes on.
  return () => Math.abs(clock.now() - startMs) >= SEARCH_MS;
}

async function answerOf(
  deps: OrchestratorDeps,
  execution: Execution,
  search: AskedSearch,
  found: LogFindings,
): Promise<SearchLogBody> {
  const { execution_id, status } = execution;
  const first = search.errors ? await firstError(deps, execution, found) : undefined;
  const end = missingEnd(execution, found);
  const gaps = end && { gaps: [...(found.gaps ?? []), end] };
  return { execution_id, status, ...found, ...gaps, ...(first && { first_error: first }) };
}

/** The lines up to the end record of a log that was read to its end: no line behind them tells that they are missing. */
function missingEnd({ end_record }: Execution, { complete, through }: LogFindings): LogGap | undefined {
  if (!complete || !end_record || through >= end_record.lines) return undefined;
  return { from: through + 1, to: end_record.lines };
}

/** Known once one was found, or none to the end. */
async function firstError(
  deps: OrchestratorDeps,
  { execution_id, status }: Execution,
  { hits: [hit], total, complete }: LogFindings,
): Promise<FirstErrorBody | undefined> {
  if (hit) return { seq: hit.seq, because: 'error_line' };
  if (status !== 'FAILED' || !complete || total > 0) return undefined;
  const before = await cursorBeforeLast(deps, execution_id, LAST_LINES);
  const [first] = (await readLineBatches(deps, execution_id, before).next()).value ?? [];
  return first && { seq: first.seq, because: 'last_lines' };
}
