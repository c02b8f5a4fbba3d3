import { admitAfter, type Execution } from '@runvoy/core';
import { newHttpApp } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import type { EventDeps, ProcessorDeps, RunnerDeps } from './deps.ts';
import { eventRoutes } from './event-routes.ts';
import { runnerRoutes } from './runner-routes.ts';

/** The event intake, ready to listen where only runners and the event carriers can reach it. */
export function buildProcessor(deps: ProcessorDeps): FastifyInstance {
  const app = newHttpApp(deps);
  const admit = (ended: Execution) =>
    admitAfter(deps, ended, (error, about) => deps.logger.warn('a start failed', { about, error }));
  runnerRoutes(app, { ...deps, admitAfter: admit });
  eventRoutes(app, deps);
  return app;
}

/** `/events*` alone: a private service, which only the carriers may call. */
export function buildEventProcessor(deps: EventDeps): FastifyInstance {
  const app = newHttpApp(deps);
  eventRoutes(app, deps);
  return app;
}

/** `/runner/v1` alone: a public service, which believes a token, once, and signatures after it. */
export function buildRunnerIntake(deps: RunnerDeps): FastifyInstance {
  const app = newHttpApp(deps);
  runnerRoutes(app, deps);
  return app;
}
