export * from './emulators.ts';
export * from './emulated-here.ts';
