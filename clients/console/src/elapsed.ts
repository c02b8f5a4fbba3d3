const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration for people: `0.4 s`, `3.2 s`, `48 s`, `1 min 04 s`, `2 h 03 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 10 * SECOND) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`;
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${two(Math.floor((whole % MINUTE) / SECOND))} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

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

function two(count: number): string {
  return String(count).padStart(2, '0');
}
