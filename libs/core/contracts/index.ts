export * from './archive.ts';
export * from './event-bus.ts';
export * from './gate.ts';
export * from './model-records.ts';
export * from './records-history.ts';
export type { StoreIsolation } from './records-transactions.ts';
export * from './records.ts';
export * from './secret-vault.ts';
export * from './watch-recorder.ts';
