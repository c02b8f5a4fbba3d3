export * from './api-caller.ts';
export * from './pause.ts';
export * from './retry-delay.ts';
export * from './runvoy-client.ts';
export * from './runvoy-error.ts';
