import type { FastifyPluginAsync } from 'fastify';

const DISPLAY_NAME = Symbol.for('fastify.display-name');

/** Routes of their own hooks, under a name: of a plugin without one Fastify searches all modules that are loaded for the one it is. */
export function namedPlugin(name: string, plugin: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(plugin, { [DISPLAY_NAME]: name });
}
