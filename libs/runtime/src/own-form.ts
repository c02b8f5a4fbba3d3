import type { FastifyContextConfig, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Reads a body, UTF-8 as it came, that is in the very form in which its usual sender writes it, and answers what the handler gets
     * for it. Whoever reads it has checked it: no schema is asked. Undefined for any other body: that is parsed, and held against the
     * schema of the route.
     */
    readBody?: (body: Buffer, request: FastifyRequest) => object | undefined;
  }
}

const read = new WeakSet<object>();

/** The body as the route itself reads it, if it does. */
export function readOwnForm(body: Buffer, request: FastifyRequest): object | undefined {
  const { readBody }: FastifyContextConfig = request.routeOptions.config;
  const own = readBody?.(body, request);
  if (own) read.add(own);
  return own;
}

/** True for a body that a route has read itself. */
export function isOwnForm(body: unknown): boolean {
  return typeof body === 'object' && body !== null && read.has(body);
}
