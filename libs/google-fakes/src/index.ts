export * from './emulators.ts';
export * from './emulated-here.ts';
export * from './authorize.ts';
export * from './faults.ts';
export * from './grpc-server.ts';
export * from './secret-manager.ts';
export * from './storage.ts';
