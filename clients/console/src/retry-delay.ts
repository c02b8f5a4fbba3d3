const FIRST_MS = 400;
const LONGEST_MS = 15_000;

/**
 * How long to wait before attempt `attempt` (from 0): doubling, capped, spread by `random` in [0, 1) over the upper half.
 * The spread keeps many open pages from returning to a restarted server in the same instant.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
