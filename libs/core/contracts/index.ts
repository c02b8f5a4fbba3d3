export * from './model-records.ts';
export * from './records-history.ts';
export * from './records.ts';
export * from './watch-recorder.ts';
