export { buildProcessor } from './app.ts';
export type { ProcessorDeps } from './deps.ts';
