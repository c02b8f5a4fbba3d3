import type { IncomingMessage } from 'node:http';
import { Failure } from '@runvoy/core';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const CHANGES_STATE = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Turns away what a page of somebody else's could send to a server on this machine. */
export interface Door {
  /** Fails with `MISDIRECTED` for a host that is not ours (DNS rebinding), `FOREIGN_ORIGIN` for a change asked by another site. */
  guardRequest(request: IncomingMessage): void;
  /** The same for an upgrade, where every origin counts. */
  guardUpgrade(request: IncomingMessage): void;
  /** True when a page of this origin may read our streams. */
  isOurOrigin(origin: string): boolean;
}

/** `port` is asked per request: it is known only once the server listens. */
export function newDoor(options: {
  readonly host: string;
  readonly port: () => number;
  /** Further names this server answers to, with or without port. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}): Door {
  const furtherNames = new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  const names = new Set([...LOOPBACK, options.host, ...options.allowedHosts].map((name) => name.toLowerCase()));
  const origins = new Set(options.allowedOrigins.map((origin) => origin.replace(/\/+$/, '').toLowerCase()));

  const isOurHost = (host: string): boolean => {
    const lower = host.toLowerCase();
    const port = `:${options.port()}`;
    return names.has(lower) || (lower.endsWith(port) && names.has(lower.slice(0, -port.length)));
  };
  const isOurOrigin = (origin: string): boolean => {
    const lower = origin.toLowerCase();
    if (origins.has(lower)) return true;
    const [, scheme, host] = /^(https?):\/\/(.+)$/.exec(lower) ?? [];
    if (scheme === undefined || host === undefined) return false;
    // Without a port an origin has the scheme's own: whatever else listens there on this machine is not us. A name that was
    // configured without one stands behind a proxy.
    if (furtherNames.has(host)) return true;
    return isOurHost(/:\d+$/.test(host) ? host : `${host}:${scheme === 'https' ? 443 : 80}`);
  };
  const requireHost = (request: IncomingMessage) => {
    const host = request.headers.host ?? '';
    if (!isOurHost(host)) throw new Failure('MISDIRECTED', `"${host.slice(0, 120)}"`);
  };
  const requireOrigin = (request: IncomingMessage) => {
    const { origin } = request.headers;
    if (origin !== undefined && !isOurOrigin(origin)) throw new Failure('FOREIGN_ORIGIN', origin.slice(0, 120));
  };

  return {
    guardRequest(request) {
      requireHost(request);
      if (CHANGES_STATE.has(request.method ?? '')) requireOrigin(request);
    },
    guardUpgrade(request) {
      requireHost(request);
      requireOrigin(request);
    },
    isOurOrigin,
  };
}
