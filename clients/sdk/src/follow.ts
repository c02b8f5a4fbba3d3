export * from './follow-run.ts';
export * from './live-frames.ts';
export * from './log-page.ts';
export * from './log-tally.ts';
export * from './sha256.ts';
