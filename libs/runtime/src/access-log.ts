import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from './logger.ts';
import { placeOf } from './request-place.ts';
import { atPlace } from './trace-place.ts';

/**
 * A line for every answered request but those of quiet routes, in the form that Cloud Logging shows as a request
 * (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest). Never the query: tickets travel there.
 */
export function logRequests(
  app: FastifyInstance,
  logger: Logger,
  read: {
    readonly pathOf: (request: FastifyRequest) => string;
    readonly addressOf: (request: FastifyRequest) => string;
  },
): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route, config } = request.routeOptions;
    if (config.isQuiet) return done();
    const length = reply.getHeader('content-length');
    const httpRequest = {
      requestMethod: request.method,
      requestUrl: read.pathOf(request),
      status: reply.statusCode,
      ...(length === undefined ? {} : { responseSize: String(length) }),
      userAgent: request.headers['user-agent']?.slice(0, 200),
      remoteIp: read.addressOf(request),
      latency: `${(reply.elapsedTime / 1000).toFixed(6)}s`,
      protocol: `HTTP/${request.raw.httpVersion}`,
    };
    atPlace(placeOf(request), () => logger.info('request', { route, httpRequest }));
    done();
  });
}
