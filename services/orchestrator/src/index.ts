export { operationsOf } from './openapi/operation.ts';
export { buildOrchestrator } from './app.ts';
export type { OrchestratorDeps } from './deps.ts';
export { signInUrl } from './user-routes.ts';
export { viewUrl } from './links.ts';
export { ratePolicy } from './rate-policy.ts';
