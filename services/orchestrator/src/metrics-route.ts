import type { IncomingMessage } from 'node:http';
import { Failure, requirePermission } from '@runvoy/core';
import { Metrics } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf, requireApiKey } from './authentication.ts';
import type { MetricsDoor, OrchestratorDeps } from './deps.ts';
import type { Operation } from './openapi/operation.ts';
import { namedPlugin } from './named-plugin.ts';
import type { RateLimits } from './rate-limits.ts';

/** `GET /metrics`, as Prometheus reads it. The key may come as a bearer token: that is how Prometheus sends one. */
export function metricsRoute(
  app: FastifyInstance,
  deps: Pick<OrchestratorDeps, 'records' | 'clock' | 'logger'>,
  { metrics, readers }: MetricsDoor,
  rates?: RateLimits,
): void {
  const plugin = namedPlugin('metrics', async (door) => {
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
    door.get('/metrics', { schema, config: { isQuiet: true } }, async (request, reply) => {
      if (readers === 'key') requirePermission(callerOf(request), 'metrics.read');
      else requireLoopback(request.raw);
      reply.type(Metrics.contentType);
      return metrics.text((error, name) => deps.logger.warn('a metric could not be read', { name, error }));
    });
  });
  app.register(plugin);
}

/** Behind a proxy on this machine everybody comes from here: what a proxy has added says so. */
function requireLoopback({ socket, headers }: IncomingMessage): void {
  const isHere = /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '');
  if (isHere && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined) return;
  throw new Failure('FORBIDDEN', 'Metrics are read on the machine itself: RUNVOY_METRICS is "loopback".');
}
