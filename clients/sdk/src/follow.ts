export * from './follow-run.ts';
export * from './live-frames.ts';
export * from './log-page.ts';
export * from './log-tally.ts';
export * from './run-events.ts';
export * from './server-contact.ts';
export * from './sha256.ts';
export * from './taken-lines.ts';
