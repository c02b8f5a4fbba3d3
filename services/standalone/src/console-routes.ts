import { consolePages } from '@runvoy/orchestrator';
import type { FastifyInstance } from 'fastify';

/** Serves the built console from `root`; without a build, says how to get one. */
export function consoleRoutes(app: FastifyInstance, root: string): void {
  if (consolePages(app, root)) return;
  app.get('/', async (_, reply) => {
    reply.type('text/plain; charset=utf-8');
    return 'The console is not built. "npm start" builds it; the API is served at /api/v1.\n';
  });
}
