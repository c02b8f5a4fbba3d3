import type { FastifyInstance } from 'fastify';

/** What a page of an allowed origin is told besides. Keys travel in a header of their own, so no credentials are allowed. */
const FOR_ALLOWED = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers':
    'Content-Type, X-API-Key, Idempotency-Key, If-Match, If-None-Match, Prefer, traceparent',
  'Access-Control-Expose-Headers':
    'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, ETag, Link, Idempotent-Replayed, Preference-Applied, traceparent, Runvoy-Log-Completeness, Runvoy-Log-Lines, Runvoy-Log-SHA256',
  'Access-Control-Max-Age': '3600',
};

/**
 * Tells browsers on every answer, refusals and preflights included, that a page of an allowed origin may read it. Any other page is
 * told nothing, which forbids it.
 */
export function answerOrigins(app: FastifyInstance, isAllowed: (origin: string) => boolean): void {
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    // On every answer, so that a cache does not hand one site what another was told.
    reply.header('Vary', 'Origin');
    if (origin === undefined || !isAllowed(origin)) return;
    reply.headers({ ...FOR_ALLOWED, 'Access-Control-Allow-Origin': origin });
  });
}
