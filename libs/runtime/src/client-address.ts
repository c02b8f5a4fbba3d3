import type { IncomingMessage } from 'node:http';

/**
 * Where a request comes from. Each of `trustedHops` proxies in front adds the address it saw to the end of `X-Forwarded-For`; what
 * stands before those, the client wrote itself. With 0 it is the other end of the connection. `unknown` when there is none to tell.
 */
export function clientAddress(request: IncomingMessage, trustedHops: number): string {
  if (trustedHops === 0) return request.socket.remoteAddress ?? 'unknown';
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((hop) => hop.trim());
  return hops.at(-trustedHops) || 'unknown';
}
