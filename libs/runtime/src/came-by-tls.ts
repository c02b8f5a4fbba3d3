import type { IncomingMessage } from 'node:http';

/** Whether the client came by TLS, as far as it can be believed: TLS ends at a proxy, whose word counts where `trustedHops` proxies do. */
export function cameByTls(request: IncomingMessage, trustedHops: number): boolean {
  if ('encrypted' in request.socket && request.socket.encrypted === true) return true;
  const header = request.headers['x-forwarded-proto'];
  if (trustedHops === 0 || header === undefined) return false;
  const words = [header].flat().join(',').split(',');
  // One proxy sets it; several append, the one nearest to the client being the first of those that are ours.
  return (words.at(-Math.min(trustedHops, words.length)) ?? '').trim().toLowerCase() === 'https';
}
