export * from './emulators.ts';
export * from './emulated-here.ts';
export * from './authorize.ts';
export * from './grpc-server.ts';
