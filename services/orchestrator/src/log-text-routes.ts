import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { assessLog, readerByTicket, readLineBatches, type Execution, type LogAssessment } from '@runvoy/core';
import { missingText, type LogLine, type LogStream } from '@runvoy/protocol';
import { ExecutionParamsSchema, LogTextQuerySchema } from '@runvoy/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { callerByKey } from './authentication.ts';
import { CollapsedProgress } from './collapsed-progress.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { readStream, readSwitch, readText } from './list-query.ts';
import type { Operation } from './openapi/operation.ts';
import type { RateLimits } from './rate-limits.ts';

type TextRequest = FastifyRequest<{ Params: { id: string }; Querystring: Record<string, unknown> }>;

/** What is asked of a text. */
interface TextForm {
  /** Only this stream; all unless told. */
  readonly stream: LogStream | undefined;
  /** Each line behind its time, RFC 3339. */
  readonly timestamps: boolean;
  /** Offered as a file. */
  readonly download: boolean;
  /** Of a line that starts over with carriage returns only its last state. */
  readonly collapse: boolean;
}

/**
 * `GET /api/v1/executions/{id}/logs.txt`: the whole log as text, for `curl` and for keeping; by key or by ticket (`?token=`). What
 * it amounts to stands in its headers, and lines that are missing are named where they would stand. Compressed for who accepts gzip.
 */
export function logTextRoutes(app: FastifyInstance, deps: OrchestratorDeps, rates?: RateLimits): void {
  const schema = {
    operationId: 'readLogText',
    tags: ['runs'],
    summary: 'Its log as text',
    permission: 'execution.read',
    description: 'Lines that are missing are named where they would stand.',
    params: ExecutionParamsSchema,
    querystring: LogTextQuerySchema,
    takesTicket: true,
    answersWith: 'text/plain',
    answerHeaders: ['Runvoy-Log-Completeness', 'Runvoy-Log-Lines', 'Runvoy-Log-SHA256'],
    response: { 200: Type.String() },
    errors: ['INVALID_REQUEST', 'EXECUTION_NOT_FOUND', 'LOG_EXPIRED'],
  } as const satisfies Operation;
  app.get(
    '/api/v1/executions/:id/logs.txt',
    { schema, config: { needsKey: true } },
    async (request: TextRequest, reply) => {
      const execution = await readable(deps, rates, request, reply);
      const form = readForm(request.query);
      const assessment = await assessLog(deps, execution);
      const id = execution.execution_id;
      void reply.headers({
        'Content-Type': 'text/plain; charset=utf-8',
        ...headersOf(assessment),
        ...(form.download ? { 'Content-Disposition': `attachment; filename="${id}.log"` } : {}),
      });
      const text = Readable.from(textOf(deps, execution, form, assessment));
      if (!acceptsGzip(request)) return reply.send(text);
      void reply.headers({ 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
      // A reader who leaves destroys the answer, and with it everything before.
      return reply.send(pipeline(text, createGzip(), () => undefined));
    },
  );
}

async function readable(
  deps: OrchestratorDeps,
  rates: RateLimits | undefined,
  request: TextRequest,
  reply: FastifyReply,
): Promise<Execution> {
  const { id } = request.params;
  const token = readText('token', request.query['token']);
  if (token !== '') return (await readerByTicket(deps, id, token)).execution;
  return readableLog(deps.records, await callerByKey({ deps, rates }, request, reply), id);
}

function readForm(query: Readonly<Record<string, unknown>>): TextForm {
  return {
    stream: readStream(query),
    timestamps: readSwitch(query, 'timestamps'),
    download: readSwitch(query, 'download'),
    collapse: readSwitch(query, 'collapse'),
  };
}

function headersOf({ completeness, lines, sha256 }: LogAssessment): Record<string, string> {
  return {
    'Runvoy-Log-Completeness': completeness,
    'Runvoy-Log-Lines': String(lines),
    ...(sha256 === undefined ? {} : { 'Runvoy-Log-SHA256': sha256 }),
  };
}

function acceptsGzip({ headers }: FastifyRequest): boolean {
  const offers = (headers['accept-encoding'] ?? '').split(',');
  return offers.some((offer) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(offer));
}

/** Chunk by chunk as it is read: memory stays flat. */
async function* textOf(
  deps: OrchestratorDeps,
  execution: Execution,
  form: TextForm,
  { completeness, lines: last }: LogAssessment,
): AsyncGenerator<string> {
  let next = 1;
  let isMidLine = false;
  const progress = form.collapse ? new CollapsedProgress() : undefined;
  const shown = (lines: readonly LogLine[]) => {
    isMidLine = lines.at(-1)?.partial ?? (isMidLine && lines.length === 0);
    return rows(lines, form);
  };
  const missed = (to: number) => {
    const before = shown(progress?.end() ?? []);
    const text = `${before}${isMidLine ? '\n' : ''}${missingText({ from: next, to })}\n`;
    isMidLine = false;
    return text;
  };
  for await (const lines of readLineBatches(deps, execution.execution_id, 0)) {
    let text = '';
    for (const line of lines) {
      if (line.seq > next) text += missed(line.seq - 1);
      next = line.seq + 1;
      if (form.stream === undefined || line.stream === form.stream) text += shown(progress?.take(line) ?? [line]);
    }
    if (text !== '') yield text;
  }
  // Of a run that goes on the rest is not missing yet.
  if (completeness !== 'running' && next <= last) yield missed(last);
  else yield shown(progress?.end() ?? []);
}

function rows(lines: readonly LogLine[], { timestamps }: TextForm): string {
  let text = '';
  for (const line of lines) {
    const time = timestamps ? `${new Date(line.ms).toISOString()} ` : '';
    text += `${time}${line.text}${line.partial ? '' : '\n'}`;
  }
  return text;
}
