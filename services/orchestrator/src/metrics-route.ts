import type { IncomingMessage } from 'node:http';
import { Failure, requirePermission } from '@runvoy/core';
import { Metrics } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf, requireApiKey } from './authentication.ts';
import type { MetricsDoor, OrchestratorDeps } from './deps.ts';
import type { Operation } from './openapi/operation.ts';
import type { RateLimits } from './rate-limits.ts';

/** `GET /metrics`, as Prometheus reads it. The key may come as a bearer token: that is how Prometheus sends one. */
export function metricsRoute(
  app: FastifyInstance,
  deps: Pick<OrchestratorDeps, 'records' | 'clock' | 'logger'>,
  { metrics, readers }: MetricsDoor,
  rates?: RateLimits,
): void {
  app.register(async (door) => {
    if (readers === 'key') {
      door.addHook('onRequest', async ({ headers }) => {
        const [, bearer] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
        if (bearer !== undefined) headers['x-api-key'] ??= bearer;
      });
      requireApiKey(door, deps, rates);
    }
    const schema = {
      operationId: 'readMetrics',
      tags: ['health'],
      summary: 'The numbers of this process, for Prometheus',
      response: { 200: Type.String() },
      answersWith: 'text/plain',
    } as const satisfies Operation;
    door.get('/metrics', { schema }, async (request, reply) => {
      if (readers === 'key') requirePermission(callerOf(request), 'metrics.read');
      else requireLoopback(request.raw);
      reply.type(Metrics.contentType);
      return metrics.text((error, name) => deps.logger.warn('a metric could not be read', { name, error }));
    });
  });
}

/** Behind a proxy on this machine everybody comes from here: what a proxy has added says so. */
function requireLoopback({ socket, headers }: IncomingMessage): void {
  const isHere = /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '');
  if (isHere && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined) return;
  throw new Failure('FORBIDDEN', 'Metrics are read on the machine itself: RUNVOY_METRICS is "loopback".');
}

/** Counts every answer with how long it took, by the route's own pattern: ids in paths would make a series each. */
export function meterRequests(app: FastifyInstance, metrics: Metrics): void {
  const requests = metrics.histogram(
    'runvoy_http_request_duration_seconds',
    'Answered requests by method, route and status, and how long they took.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
  );
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    requests.observe(reply.elapsedTime / 1000, labels);
  });
}
