import { meterRequests, newHttpApp } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import { AcceptedRuns } from './accepted-runs.ts';
import { auditRoutes } from './audit-routes.ts';
import { requireApiKey } from './authentication.ts';
import { claimRoutes } from './claim-routes.ts';
import { answerOrigins } from './cors.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import type { OrchestratorDeps } from './deps.ts';
import { executionRoutes } from './execution-routes.ts';
import { explainRoutes } from './explain-routes.ts';
import { healthReportRoutes, healthRoutes } from './health-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { KeyedCalls } from './keyed-calls.ts';
import { importRoutes } from './import-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { logRoutes } from './log-routes.ts';
import { logSearchRoutes } from './log-search-routes.ts';
import { logTextRoutes } from './log-text-routes.ts';
import { openApiRoutes } from './openapi/openapi-routes.ts';
import { collectOperations } from './openapi/operation.ts';
import { playbookRoutes } from './playbook-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { namedPlugin } from './named-plugin.ts';
import { RateLimits } from './rate-limits.ts';
import { refuseUnknownQuery } from './refuse-unknown-query.ts';
import { reportAnswers } from './report-answers.ts';
import { runRoutes } from './run-routes.ts';
import { sealingKeyRoutes } from './sealing-key-routes.ts';
import { secretRoutes } from './secret-routes.ts';
import { ticketRoutes } from './ticket-routes.ts';
import { traceRoutes } from './trace-routes.ts';
import { userRoutes } from './user-routes.ts';

/** The public API, ready to listen. */
export function buildOrchestrator(deps: OrchestratorDeps): FastifyInstance {
  const app = newHttpApp({ ...deps, strictJson: true });
  collectOperations(app);
  if (deps.onAnswer) reportAnswers(app, deps.onAnswer);
  if (deps.metrics) meterRequests(app, deps.metrics.metrics);
  answerOrigins(app, deps.allowedOrigins ?? (() => false));
  // As runvoy does, on any path, known or not: a browser's preflight is no question to any route.
  app.options('*', async (_, reply) => reply.code(200).send(''));
  openApiRoutes(app, deps.version);
  healthRoutes(app, deps);
  const rates = deps.rates && new RateLimits(deps.rates, deps.clock, deps.rateLimited);
  const keyed = new KeyedCalls(deps);
  claimRoutes(app, deps, keyed, rates);
  logTextRoutes(app, deps, rates);
  if (deps.metrics && deps.metrics.readers !== 'off') metricsRoute(app, deps, deps.metrics, rates);
  app.register(
    namedPlugin('api', async (api) => {
      requireApiKey(api, deps, rates);
      refuseUnknownQuery(api);
      const runs = new AcceptedRuns(api, deps);
      runRoutes(api, deps, { runs, keyed });
      playbookRoutes(api, deps, { runs, keyed });
      executionRoutes(api, deps);
      explainRoutes(api, deps);
      traceRoutes(api, deps);
      logRoutes(api, deps);
      logSearchRoutes(api, deps);
      ticketRoutes(api, deps);
      imageRoutes(api, deps, keyed);
      secretRoutes(api, deps, keyed);
      sealingKeyRoutes(api, deps);
      userRoutes(api, deps, keyed);
      keyRoutes(api, deps, keyed);
      auditRoutes(api, deps);
      importRoutes(api, deps, keyed);
      deadLetterRoutes(api, deps);
      healthReportRoutes(api, deps);
    }),
    { prefix: '/api/v1' },
  );
  return app;
}
