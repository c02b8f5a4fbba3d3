export * from './config.ts';
export { GCP_VARIABLES } from './config/variables.ts';
export * from './firestore/index-configuration.ts';
export * from './records.ts';
export * from './archive.ts';
export * from './endpoint.ts';
export * from './secret-vault.ts';
export * from './signing-keys.ts';
