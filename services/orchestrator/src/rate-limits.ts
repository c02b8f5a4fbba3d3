import { Failure, isFailure, type Clock } from '@runvoy/core';
import { clientAddress, RateLimiter, type Rate } from '@runvoy/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How often one may ask. Counts are kept by each instance for itself. */
export interface RatePolicy {
  /** Requests a minute with one key: so many that read, and so many that change something. */
  readonly perKey: number;
  /** Refused keys and claims a minute from one address. */
  readonly refusedPerAddress: number;
  /** Proxies in front whose word about addresses counts. */
  readonly trustedProxyHops: number;
}

/** What there was too much of. */
export type RateLimited = 'reads' | 'submits' | 'refusals';

const MINUTE_MS = 60_000;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Turns away who asks too often, and says to everybody how much is left. */
export class RateLimits {
  readonly #policy: RatePolicy;
  readonly #clock: Clock;
  readonly #limited: (what: RateLimited) => void;
  readonly #byKind: Readonly<Record<'reads' | 'submits', RateLimiter>>;
  readonly #refusals: RateLimiter;

  constructor(policy: RatePolicy, clock: Clock, limited: (what: RateLimited) => void = () => undefined) {
    this.#policy = policy;
    this.#limited = limited;
    this.#clock = clock;
    const perKey = { limit: policy.perKey, windowMs: MINUTE_MS };
    this.#byKind = { reads: new RateLimiter(perKey), submits: new RateLimiter(perKey) };
    this.#refusals = new RateLimiter({ limit: policy.refusedPerAddress, windowMs: MINUTE_MS });
  }

  /** Counts a request of a key. Fails with `RATE_LIMITED` beyond the limit; in any case the answer says what is left. */
  count(keyId: string, request: FastifyRequest, reply: FastifyReply): void {
    const kind = READS.has(request.method) ? 'reads' : 'submits';
    const rate = this.#byKind[kind].take(keyId, this.#clock.now());
    tellRate(reply, kind, rate);
    if (rate.allowed) return;
    this.#limited(kind);
    throw tooMany(reply, rate, `${kind} with this key`);
  }

  /**
   * Carries out what checks a credential, and counts its refusal. An address beyond its refusals fails with `RATE_LIMITED` before
   * anything is read: guessing costs the store nothing.
   */
  async checked<T>(request: FastifyRequest, reply: FastifyReply, check: () => Promise<T>): Promise<T> {
    const address = clientAddress(request.raw, this.#policy.trustedProxyHops);
    const rate = this.#refusals.look(address, this.#clock.now());
    if (!rate.allowed) {
      this.#limited('refusals');
      throw tooMany(reply, rate, 'refused keys or claims from this address');
    }
    try {
      return await check();
    } catch (error) {
      if (isRefusal(error)) this.#refusals.take(address, this.#clock.now());
      throw error;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return (
    isFailure(error, 'INVALID_API_KEY') || isFailure(error, 'API_KEY_REVOKED') || isFailure(error, 'CLAIM_NOT_FOUND')
  );
}

/** The form of draft 10, https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/ */
function tellRate(reply: FastifyReply, kind: string, { limit, remaining, resetMs }: Rate): void {
  reply.headers({
    'RateLimit-Policy': `"${kind}";q=${limit};w=${MINUTE_MS / 1000}`,
    RateLimit: `"${kind}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  });
}

function tooMany(reply: FastifyReply, { limit, resetMs }: Rate, what: string): Failure {
  const seconds = Math.ceil(resetMs / 1000);
  reply.header('Retry-After', String(seconds));
  return new Failure('RATE_LIMITED', `More than ${limit} ${what} within a minute. Try again in ${seconds} s.`);
}
