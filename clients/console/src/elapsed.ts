const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A moment seen from now: `just now`, `40 s ago`, `12 min ago`, `5 h ago`, `3 d ago`. */
export function agoText(thenMs: number, nowMs: number): string {
  // A server clock slightly ahead of this one is no reason to speak of the future.
  const age = Math.max(0, nowMs - thenMs);
  if (age < 5 * SECOND) return 'just now';
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  return `${Math.floor(age / DAY)} d ago`;
}
