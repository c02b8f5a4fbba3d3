import { builtinModules } from 'node:module';
import type { Plugin } from 'rolldown';

const NAMES = new Set(builtinModules.map((name) => name.replace(/^node:/, '')));
const PREFIX = '\0builtin:';

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`. An `import` reads every export of such a module to know
 * its value, and some are made when they are read: `node:http` brings all of fetch that way, `node:crypto` all of Web Crypto.
 */
export const builtinsOnUse: Plugin = {
  name: 'builtins-on-use',
  resolveId(source) {
    const name = source.replace(/^node:/, '');
    // What makes `require` for the bundle is the bundler's own import.
    if (!NAMES.has(name) || name === 'module') return undefined;
    return { id: `${PREFIX}${name}.cjs`, moduleSideEffects: false };
  },
  load(id) {
    if (!id.startsWith(PREFIX)) return undefined;
    const name = `node:${id.slice(PREFIX.length, -'.cjs'.length)}`;
    return `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`;
  },
};
