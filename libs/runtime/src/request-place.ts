import type { FastifyInstance, FastifyRequest } from 'fastify';
import { traceContext } from './trace-context.ts';
import { atPlace, type TracePlace } from './trace-place.ts';
import type { OpenSpan, Tracing } from './tracing.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked so often, and saying so little, that neither a span nor a line of the access log is worth it. */
    isQuiet?: true;
  }

  interface FastifyRequest {
    /** See `placeOf`. */
    place: RequestPlace | undefined;
  }
}

/** Where a request stands, as it is passed on and given back. */
export interface RequestPlace extends TracePlace {
  readonly traceparent: string;
  /** Whoever follows it finds its span, or the caller's: the caller has named a trace, or ours is recorded. */
  readonly isTraced: boolean;
}

/** Where this request stands. Known before any hook of a route. */
export const placeOf = (request: FastifyRequest): RequestPlace => (request.place ??= placeBy(request, undefined));

function placeBy(request: FastifyRequest, span: OpenSpan | undefined): RequestPlace {
  const { traceId, spanId, traceparent, isGiven } = traceContext(request.headers.traceparent, request.id);
  const isRecorded = span?.isRecorded ?? false;
  return {
    traceId,
    spanId,
    traceparent: span?.traceparent ?? traceparent,
    isRecorded,
    isTraced: isGiven || isRecorded,
    requestId: request.id,
  };
}

/**
 * Opens a span for every request but those of quiet routes, after HTTP's conventions
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/). First of all hooks: what they say belongs to the request.
 */
export function traceRequests(
  app: FastifyInstance,
  tracing: Tracing | undefined,
  pathOf: (request: FastifyRequest) => string,
): void {
  app.decorateRequest('place');
  if (!tracing) return;
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.isQuiet) return done();
    const span = openRequestSpan(tracing, request, pathOf(request));
    request.place = placeBy(request, span);
    // Comes after an answer as after a connection that was lost.
    reply.raw.once('close', () => endRequestSpan(span, request, reply.raw));
    done();
  });
}

/** Lets everything that a request starts stand at its place: a tenth of what an empty request costs, so only for who looks there. */
export function placeRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _, done) => atPlace(placeOf(request), done));
  // The body comes by events of the connection, which stands nowhere.
  app.addHook('preValidation', (request, _, done) => {
    if (request.body === undefined) done();
    else atPlace(placeOf(request), done);
  });
}

function openRequestSpan(tracing: Tracing, request: FastifyRequest, path: string): OpenSpan {
  const { traceId, spanId, parent } = traceContext(request.headers.traceparent, request.id);
  const route = request.routeOptions.url;
  return tracing.open({
    name: route === undefined ? request.method : `${request.method} ${route}`,
    kind: 'server',
    // A trace of our own is named as the request is: whoever has the one finds the other.
    ...(parent === undefined ? { traceId } : { parent }),
    spanId,
    attributes: {
      'http.request.method': request.method,
      'http.route': route,
      'url.path': path,
      'url.scheme': request.protocol,
      'network.protocol.version': request.raw.httpVersion,
      'user_agent.original': request.headers['user-agent']?.slice(0, 200),
      'http.response.header.x-request-id': [request.id],
    },
  });
}

/** A refusal is the caller's mistake and no error of the server's, after the conventions. */
function endRequestSpan(
  span: OpenSpan,
  request: FastifyRequest,
  { statusCode, writableEnded }: { readonly statusCode: number; readonly writableEnded: boolean },
): void {
  if (!writableEnded) return span.end({ failed: 'connection_lost' });
  span.set({ 'http.response.status_code': statusCode });
  span.end(statusCode >= 500 ? { failed: String(statusCode) } : {});
}
