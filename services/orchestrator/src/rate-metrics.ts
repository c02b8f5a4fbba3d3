import type { Metrics } from '@runvoy/runtime';
import type { RateLimited } from './rate-limits.ts';

/** Declares the number of requests that rate limits turn away; what it returns is told of each. */
export function meterRateLimits(metrics: Metrics): (what: RateLimited) => void {
  const limited = metrics.counter(
    'runvoy_rate_limited_total',
    'Requests that a rate limit turned away, by what was limited.',
  );
  return (what) => limited.add({ what });
}
