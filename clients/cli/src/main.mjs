#!/usr/bin/env node
// JavaScript, though all else is TypeScript: what takes the types away costs more than the rest of a start, and nothing that comes
// compiled from the cache needs it.
//
// Before anything else is loaded: sources are compiled once and read from then on, which halves the CPU of a start. The cache is as
// safe as the sources, because it lies beside them; where it cannot be written, nothing but time is lost.
process.getBuiltinModule('node:module').enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/compiled`);
await import('./cli.ts');
