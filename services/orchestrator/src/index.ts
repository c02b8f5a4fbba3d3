export { buildOrchestrator } from './app.ts';
export { consolePages } from './console-pages.ts';
export type { OrchestratorDeps } from './deps.ts';
export { signInUrl } from './user-routes.ts';
export { viewUrl } from './links.ts';
export { meterRateLimits } from './rate-metrics.ts';
export { ratePolicy } from './rate-policy.ts';
export { documentOf } from './openapi/openapi-routes.ts';
