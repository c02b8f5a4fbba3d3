import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

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
