import type { FastifyInstance } from 'fastify';

/** What holds for every origin: which requests are answered is decided by their key, never by where they come from. */
const FOR_ALL = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Content-Type, X-API-Key, Idempotency-Key',
  'Access-Control-Max-Age': '3600',
  Vary: 'Origin',
};

/**
 * Tells browsers on every answer, refusals and preflights included, whether a page of another site may read it. Keys travel in a header
 * of their own, so no credentials are allowed.
 */
export function answerOrigins(app: FastifyInstance, isAllowed: (origin: string) => boolean): void {
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    reply.headers(FOR_ALL);
    if (origin !== undefined && isAllowed(origin)) reply.header('Access-Control-Allow-Origin', origin);
  });
}
