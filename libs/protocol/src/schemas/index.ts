export * from './access.ts';
export * from './images.ts';
export * from './network.ts';
export * from './run-request.ts';
export * from './runner.ts';
export * from './secrets.ts';
