export * from './config.ts';
export type { Endpoint } from './config/endpoint.ts';
export { GCP_VARIABLES } from './config/variables.ts';
export * from './signing-keys.ts';
