import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Failure } from '@runvoy/core';
import { LIMITS } from '@runvoy/protocol';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { answerFor } from './error-body.ts';
import type { Logger } from './logger.ts';

export interface HttpAppOptions {
  readonly logger: Logger;
  /** Looks at every request first, and throws a `Failure` to turn it away: known hosts, known origins. */
  readonly guard?: (request: IncomingMessage) => void;
}

/**
 * A Fastify application with the habits all our services share: strict JSON (no silent coercion), an empty body under a JSON content
 * type accepted (runvoy's CLI sends that on DELETE and POST), trailing slashes ignored, every error in one form, a request id.
 */
export function newHttpApp({ logger, guard }: HttpAppOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    // Slow clients may not hold a connection for ever.
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    genReqId: () => randomBytes(16).toString('hex'),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1_024 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    forceCloseConnections: 'idle',
  });
  acceptJson(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id);
    guard?.(request.raw);
  });
  app.setErrorHandler((error, request, reply) => replyWithError(logger, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const failure = new Failure('NOT_FOUND', `Nothing answers ${request.method} ${pathOf(request)}.`);
    replyWithError(logger, failure, request, reply);
  });
  return app;
}

function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  // CloudEvents come as application/cloudevents+json in structured mode.
  app.addContentTypeParser(/^application\/(json|.+\+json)/, { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    void parse(request, body as string, (error, value) => {
      if (!error) return done(null, value);
      done(new Failure('INVALID_REQUEST', `The body is not JSON: ${error.message}`));
    });
  });
}

function replyWithError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body, isUnexpected } = answerFor(error, request.id);
  if (isUnexpected) {
    logger.error(`${request.method} ${pathOf(request)} failed`, { request_id: request.id, error });
  }
  void reply.code(status).type('application/json').send(body);
}

/** The path without its query: tickets and tokens travel there, and no log may hold one. */
function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').replace(/(\/claim\/)[^/]+/, '$1...');
}
