export * from './archive/archive.ts';
export * from './events/event-bus.ts';
export * from './failure.ts';
export * from './jobs/job-runner.ts';
export * from './records/collections.ts';
export * from './records/records.ts';
export * from './secrets/secret-vault.ts';
export * from './time/clock.ts';
