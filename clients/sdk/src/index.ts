export * from './client.ts';
export * from './follow.ts';
export * from './texts.ts';
