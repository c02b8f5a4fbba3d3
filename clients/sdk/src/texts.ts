export * from './counted.ts';
export * from './duration.ts';
export * from './explain-sections.ts';
export * from './queue-text.ts';
export * from './stop-steps.ts';
export * from './waiting-text.ts';
export * from './why-text.ts';
