import type { RatePolicy } from './rate-limits.ts';

/** What the configuration says of rates. 0 requests a key = nobody is held to any: then there is no policy. */
export function ratePolicy(config: {
  readonly rateLimit: number;
  readonly rateLimitRefused: number;
  readonly trustedProxyHops: number;
}): { readonly rates?: RatePolicy } {
  const { rateLimit: perKey, rateLimitRefused: refusedPerAddress, trustedProxyHops } = config;
  return perKey === 0 ? {} : { rates: { perKey, refusedPerAddress, trustedProxyHops } };
}
