import type { Millis } from '@runvoy/core';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How long to wait after the given failed attempt (1 is the first): doubling from 1 s to at most 60 s.
 * `random` (0 to 1) takes up to half of it away, so that events that failed together do not come back together.
 */
export function retryDelay(attempt: number, random: number): Millis {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.max(FIRST_MS, Math.round(full * (1 - random / 2)));
}
