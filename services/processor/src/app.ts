import { newHttpApp } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import type { ProcessorDeps } from './deps.ts';
import { eventRoutes } from './event-routes.ts';
import { runnerRoutes } from './runner-routes.ts';

/** The event intake, ready to listen where only runners and the event carriers can reach it. */
export function buildProcessor(deps: ProcessorDeps): FastifyInstance {
  const app = newHttpApp(deps);
  runnerRoutes(app, deps);
  eventRoutes(app, deps);
  return app;
}
