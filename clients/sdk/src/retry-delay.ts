const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/**
 * How long to wait before try `attempt` (from 0): doubling, capped, spread by `random` in [0, 1) over the upper half, so that the
 * clients of a restarted server do not all return in the same instant.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
