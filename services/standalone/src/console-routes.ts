import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Only our own files run, nobody may frame the page, and no address it was opened from leaks. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

/** Paths that the page itself routes. */
const PAGES = ['/logs', '/executions', '/claim', '/settings'];

/** Serves the built console from `root`; without a build, says how to get one. */
export function consoleRoutes(app: FastifyInstance, root: string): void {
  if (!existsSync(join(root, 'index.html'))) {
    app.get('/', async (_, reply) => {
      reply.type('text/plain; charset=utf-8');
      return 'The console is not built. "npm start" builds it; the API is served at /api/v1.\n';
    });
    return;
  }
  void app.register(fastifyStatic, {
    root,
    cacheControl: false,
    setHeaders: (response) => {
      for (const [name, value] of Object.entries(HEADERS)) response.header(name, value);
    },
  });
  for (const page of PAGES) app.get(page, (_, reply) => reply.sendFile('index.html'));
}
