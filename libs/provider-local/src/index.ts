export * from './archive.ts';
export * from './data-dir.ts';
export * from './event-bus.ts';
export * from './job-runner/isolation-level.ts';
export * from './job-runner.ts';
export * from './records.ts';
export * from './secret-vault.ts';
export * from './signing-keys.ts';
export { DatabaseInUse } from './sqlite/open-database.ts';
