import { pipeline, Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { stateLog, readerByTicket, readRawBatches, type Execution, type LogAssessment } from '@runvoy/core';
import type { LogStream } from '@runvoy/protocol';
import { ExecutionParamsSchema, LogTextQuerySchema } from '@runvoy/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { callerByKey } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableLog } from './execution-routes.ts';
import { readStream, readSwitch, readText } from './list-query.ts';
import type { Operation } from './openapi/operation.ts';
import type { RateLimits } from './rate-limits.ts';
import { refuseUnknownQueryOf } from './refuse-unknown-query.ts';
import { WrittenText, type TextForm } from './written-text.ts';

type TextRequest = FastifyRequest<{ Params: { id: string }; Querystring: Record<string, unknown> }>;

/** What is asked of a text. */
interface AskedText extends TextForm {
  /** Only this stream; all unless told. */
  readonly stream: LogStream | undefined;
  /** Offered as a file. */
  readonly download: boolean;
}

/** What a log amounts to. */
const LOG_HEADERS = ['Runvoy-Log-Completeness', 'Runvoy-Log-Lines', 'Runvoy-Log-SHA256'] as const;
/** What is said of a log and of nothing else that is answered here. */
const HEADERS_OF_LOG = [...LOG_HEADERS, 'Content-Disposition', 'Content-Encoding'];

/**
 * `GET /api/v1/executions/{id}/logs.txt`: the whole log as text, for `curl` and for keeping; by key or by ticket (`?token=`). What
 * it amounts to stands in its headers, and lines that are missing are named where they would stand. Compressed for who accepts it.
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
    answerHeaders: LOG_HEADERS,
    response: { 200: Type.String() },
    errors: ['INVALID_REQUEST', 'EXECUTION_NOT_FOUND', 'LOG_EXPIRED'],
  } as const satisfies Operation;
  app.get(
    '/api/v1/executions/:id/logs.txt',
    { schema, config: { needsKey: true }, errorHandler: refuseAsNoLog },
    async (request: TextRequest, reply) => {
      const execution = await readable(deps, rates, request, reply);
      refuseUnknownQueryOf(request);
      const form = readForm(request.query);
      const assessment = await stateLog(deps, execution);
      const id = execution.execution_id;
      void reply.headers({
        'Content-Type': 'text/plain; charset=utf-8',
        Vary: 'Origin, Accept-Encoding',
        ...headersOf(assessment),
        ...(form.download ? { 'Content-Disposition': `attachment; filename="${id}.log"` } : {}),
      });
      const text = Readable.from(textOf(deps, execution, form, assessment));
      const coding = CODINGS.find(({ name }) => accepts(request, name));
      if (!coding) return reply.send(text);
      void reply.header('Content-Encoding', coding.name);
      // A reader who leaves destroys the answer, and with it everything before.
      return reply.send(pipeline(text, coding.open(), () => undefined));
    },
  );
}

/** A log whose beginning cannot be read is refused when its head is written already, though not sent: what it says is of no log now. */
function refuseAsNoLog(error: unknown, _: FastifyRequest, reply: FastifyReply): never {
  for (const name of HEADERS_OF_LOG) {
    reply.removeHeader(name);
    reply.raw.removeHeader(name);
  }
  throw error;
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

function readForm(query: Readonly<Record<string, unknown>>): AskedText {
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

/**
 * How a text can be compressed, in the order in which we like it. Of 200 MB of a build's output gzip makes 50 in 1.4 s at level 1 and 50
 * in 2.3 s at its usual 6, zstd 41 in 0.4 s at level 1.
 */
const CODINGS = [
  { name: 'zstd', open: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }) },
  { name: 'gzip', open: () => createGzip({ level: 1 }) },
];

function accepts({ headers }: FastifyRequest, coding: string): boolean {
  const offers = (headers['accept-encoding'] ?? '').split(',');
  const offered = new RegExp(`^\\s*${coding}\\s*(;\\s*q=(?!0(\\.0*)?\\s*$).*)?$`, 'i');
  return offers.some((offer) => offered.test(offer));
}

/** Chunk by chunk as it is read: memory stays flat. */
async function* textOf(
  deps: OrchestratorDeps,
  execution: Execution,
  form: AskedText,
  { completeness, lines: last }: LogAssessment,
): AsyncGenerator<Buffer> {
  const { stream } = form;
  const mayCome = completeness === 'running';
  const text = new WrittenText(form);
  let next = 1;
  for await (const lines of readRawBatches(deps, execution.execution_id, 0)) {
    for (const line of lines) {
      if (line.seq > next) text.missed({ from: next, to: line.seq - 1 }, mayCome);
      next = line.seq + 1;
      if (stream === undefined || line.stream === stream) text.take(line);
    }
    const bytes = text.bytes();
    if (bytes.length > 0) yield bytes;
  }
  // Of a run that goes on the rest is not missing yet.
  if (!mayCome && next <= last) text.missed({ from: next, to: last }, mayCome);
  else text.end();
  yield text.bytes();
}
