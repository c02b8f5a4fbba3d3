import type { Clock } from '@runvoy/core';

/** Warnings of what is tried again and again: said at once, then after a minute, two, four, up to an hour. */
export interface RepeatedWarnings {
  warn(about: string, error: unknown, message: string): void;
  /** It went well: the next failure is news. */
  clear(about: string): void;
}

const FIRST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export function openRepeatedWarnings(
  clock: Clock,
  logger: { warn(details: object, message: string): void } | undefined,
): RepeatedWarnings {
  const said = new Map<string, { nextAt: number; waitMs: number }>();
  return {
    warn(about, error, message) {
      const last = said.get(about);
      if (last && clock.now() < last.nextAt) return;
      const waitMs = last ? Math.min(last.waitMs * 2, LONGEST_MS) : FIRST_MS;
      said.set(about, { nextAt: clock.now() + waitMs, waitMs });
      logger?.warn({ about, error: String(error) }, message);
    },
    clear: (about) => void said.delete(about),
  };
}
