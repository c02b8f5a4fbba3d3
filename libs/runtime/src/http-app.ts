import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
import { LIMITS } from '@runvoy/protocol';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { logRequests } from './access-log.ts';
import { answerOnSocket } from './answer-on-socket.ts';
import { cameByTls } from './came-by-tls.ts';
import { clientAddress } from './client-address.ts';
import { answerFor } from './error-body.ts';
import { checkJsonShape } from './json-shape.ts';
import { newKnownPaths } from './known-paths.ts';
import { lazySchemas } from './lazy-schemas.ts';
import type { Logger } from './logger.ts';
import { readOwnForm } from './own-form.ts';
import { newRequestId } from './request-id.ts';
import { placeOf, placeRequests, traceRequests } from './request-place.ts';
import { atPlace } from './trace-place.ts';
import type { Tracing } from './tracing.ts';

/** How long a peer may take. A connection is closed at most `checkMs` after its time is over. */
export interface Patience {
  /** From connecting, or from the first byte of a further request, to the end of the headers. */
  readonly headersMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
  readonly checkMs: number;
}

/** A trickling peer loses its connection within 12.5 s in the headers, within 32.5 s in the body. */
export const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, checkMs: 2_500 };

export interface HttpAppOptions {
  readonly logger: Logger;
  /** Looks at every request first, and throws a `Failure` to turn it away: known hosts, known origins. */
  readonly guard?: (request: IncomingMessage) => void;
  /**
   * Refuse bodies that two readers could read differently. For what strangers send; a runner's message is signed over what was
   * read, and a pass over every batch of lines would cost.
   */
  readonly strictJson?: boolean;
  readonly patience?: Patience;
  /** Proxies in front whose word counts, for whether clients come by TLS; 0 unless told. */
  readonly trustedProxyHops?: number;
  /** Makes a span of every request; absent: none. */
  readonly tracing?: Tracing | undefined;
  /** A line in the log for every request that was answered; then each further line carries its request, too. */
  readonly accessLog?: boolean;
}

/** URL and headers together. */
const HEAD_BYTES = 16 * 1024;
const PATH_PART_CHARS = 1_024;

/**
 * A Fastify application with the habits all our services share: strict JSON (no silent coercion), an empty body under a JSON content
 * type accepted (runvoy's CLI sends that on DELETE and POST), trailing slashes ignored, every error in one form, a request id.
 */
export function newHttpApp(options: HttpAppOptions): FastifyInstance {
  const { logger, guard, strictJson = false, patience = PATIENCE, trustedProxyHops = 0 } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    // Slow clients may not hold a connection for ever.
    requestTimeout: patience.requestMs,
    http: {
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.checkMs,
      maxHeaderSize: HEAD_BYTES,
      // Node's own refusal has no body; the guard answers for a missing host as for a foreign one.
      requireHostHeader: false,
    },
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    genReqId: newRequestId,
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PATH_PART_CHARS },
    schemaErrorFormatter: (errors, place) => new Error(whyUnfit(errors, place)),
    schemaController: lazySchemas(),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    forceCloseConnections: 'idle',
    clientErrorHandler: answerUnreadable,
    // What the router itself cannot read never reaches a hook.
    frameworkErrors: (error, request, reply) => replyWithError(logger, error, request, reply),
  });
  // Without a listener Node closes such a connection without a word.
  app.server.on('connect', (_, socket: Duplex) => {
    answerOnSocket(socket, new Failure('METHOD_NOT_ALLOWED', 'This server is no proxy: CONNECT is not answered.'));
  });
  const known = newKnownPaths();
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) known.add(name, url);
  });
  acceptJson(app, strictJson);
  traceRequests(app, options.tracing, pathOf);
  if (options.tracing || options.accessLog) placeRequests(app);
  if (options.accessLog) {
    logRequests(app, logger, { pathOf, addressOf: (request) => clientAddress(request.raw, trustedProxyHops) });
  }
  app.addHook('onRequest', async (request, reply) => {
    addHeaders(request, reply);
    if (cameByTls(request.raw, trustedProxyHops)) reply.header('Strict-Transport-Security', STRICT_TRANSPORT);
    guard?.(request.raw);
  });
  app.setErrorHandler((error, request, reply) => replyWithError(logger, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const methods = known.methodsOf(pathOf(request));
    if (methods.length > 0) reply.header('Allow', methods.join(', '));
    replyWithError(logger, whyUnanswered(request, methods), request, reply);
  });
  return app;
}

/** What a validator says of one place. */
interface Unfit {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What is wrong with a request, and, where only some values would be right, which. */
function whyUnfit(errors: readonly Unfit[], place: string): string {
  const { instancePath = '', message = 'is not as it should be' } = errors[0] ?? {};
  const allowed = errors
    .flatMap(({ params }) => params['allowedValues'] ?? params['allowedValue'] ?? [])
    .map((value) => JSON.stringify(value).replaceAll('"', ''));
  return `${place}${instancePath} ${allowed.length === 0 ? message : `must be one of: ${allowed.join(', ')}`}`;
}

/** Why no route took a request, when its path answers `methods`. */
function whyUnanswered(request: FastifyRequest, methods: readonly string[]): Failure {
  const path = pathOf(request);
  if (methods.length === 0) return new Failure('NOT_FOUND', `Nothing answers ${request.method} ${path}.`);
  // The router gives up on a long parameter without a word.
  if (methods.includes(request.method)) {
    return new Failure('URI_TOO_LONG', `A part of the path is longer than ${PATH_PART_CHARS} characters.`);
  }
  return new Failure('METHOD_NOT_ALLOWED', `${path} answers ${methods.join(', ')}; got ${request.method}.`);
}

/** A year: what a browser keeps of it ends long after whoever removes TLS has forgotten. */
const STRICT_TRANSPORT = 'max-age=31536000';

/**
 * Answers hold keys, tickets and output of commands: nobody on the way keeps them, no browser guesses what they are, shows them in a
 * frame, or runs anything in them. Pages for people set a policy of their own.
 */
const FOR_ALL = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

function addHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ ...FOR_ALL, 'X-Request-Id': request.id, traceparent: placeOf(request).traceparent });
}

/** CloudEvents come as application/cloudevents+json in structured mode. */
const JSON_TYPE = /^application\/(json|[\w.-]+\+json)\s*(;|$)/i;

function acceptJson(app: FastifyInstance, isStrict: boolean): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    // Decoding would put U+FFFD in its place, and something else than was sent would run.
    const packed = request.headers['content-encoding'];
    if (packed !== undefined && packed.toLowerCase() !== 'identity') {
      return done(new Failure('UNSUPPORTED_MEDIA_TYPE', `JSON packed as ${packed.slice(0, 40)}`));
    }
    if (!isUtf8(body as Buffer)) return done(new Failure('INVALID_REQUEST', 'The body is not UTF-8.'));
    const own = readOwnForm(body as Buffer, request);
    if (own) return done(null, own);
    const text = body.toString('utf8');
    void parse(request, text, (error, value) => {
      if (error) return done(new Failure('INVALID_REQUEST', whyUnread(text)));
      try {
        if (isStrict) checkJsonShape(text);
      } catch (failure) {
        return done(failure as Failure);
      }
      done(null, value);
    });
  });
}

/** The parser says the same of everything it refuses; what reads as JSON was refused for its names. */
function whyUnread(text: string): string {
  try {
    JSON.parse(text);
    return 'The body names "__proto__" or "constructor.prototype", which would reach into prototypes.';
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message.slice(0, 200)}`;
  }
}

function replyWithError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  addHeaders(request, reply);
  // The framework closes the connection on a body it has not read, and the reset may overtake the refusal: a front end then
  // answers 503 in its place. Left open, Node throws the rest away, for as long as a request may take.
  if (isTooLarge(error)) reply.removeHeader('connection');
  const { status, body, isUnexpected, retryAfterS } = answerFor(inOurWords(error, request), request.id);
  if (retryAfterS !== undefined && !reply.hasHeader('Retry-After')) reply.header('Retry-After', String(retryAfterS));
  if (isUnexpected) {
    atPlace(placeOf(request), () => logger.error(`${request.method} ${pathOf(request)} failed`, { error }));
  }
  void reply.code(status).type('application/json').send(body);
}

function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'FST_ERR_CTP_BODY_TOO_LARGE';
}

/** The framework's refusals name neither limit nor size. */
function inOurWords(error: unknown, request: FastifyRequest): unknown {
  const { 'content-length': length, 'content-type': type = 'none' } = request.headers;
  switch ((error as { code?: unknown } | undefined)?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limit = LIMITS.bodyBytes;
      const size =
        length === undefined ? `more than ${limit} bytes, the limit` : `${length} bytes; the limit is ${limit}`;
      return new Failure('PAYLOAD_TOO_LARGE', `The body is ${size}.`);
    }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Failure('UNSUPPORTED_MEDIA_TYPE', type.slice(0, 80));
    case 'FST_ERR_BAD_URL':
      return new Failure('INVALID_REQUEST', 'The path is not percent-encoded UTF-8.');
    default:
      return error;
  }
}

/** Answers bytes that are no request, and requests that take too long. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET') return void socket.destroy();
  // Node's own name for the answer under way; there is no public one.
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: ServerResponse };
  if (answer?.req.complete) {
    // It belongs to an earlier request, which was whole: whoever sent that must not take this refusal for its answer.
    answer.once('close', () => setImmediate(answerUnreadable, error, socket));
  } else if (answer?.headersSent) socket.destroy();
  else answerOnSocket(socket, unreadable(error.code ?? ''));
}

function unreadable(code: string): Failure {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Failure('HEADERS_TOO_LARGE', `URL and headers are more than ${HEAD_BYTES} bytes together, the limit.`);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Failure('REQUEST_TIMEOUT', 'The request took too long to arrive. Send it whole, at once.');
  }
  return new Failure('INVALID_REQUEST', `What was sent is not an HTTP request (${code}).`);
}

/** The path without its query: tickets and tokens travel there, and no log may hold one. */
function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').replace(/(\/claim\/)[^/]+/, '$1...');
}
