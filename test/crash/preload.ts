// Loaded into a service before its own code (`node --import`): the provider it opens is one that tells of each moment of a run's life.
// For tests alone: no production code knows of crashes.
import { registerHooks } from 'node:module';

const TELLING = new URL('telling-provider.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const isMain = /\/services\/[^/]+\/src\/main\.ts$/.test(context.parentURL ?? '');
    if (specifier === '@runvoy/provider-gcp' && isMain) return { url: TELLING, shortCircuit: true };
    return next(specifier, context);
  },
});
