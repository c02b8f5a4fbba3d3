import type { Clock, Millis } from './clock.ts';

/** A stored time may be ahead of this process's clock by so much before the clock is taken to have been set back. */
const SKEW_MS = 60_000;

export interface ElapsedDeps {
  readonly clock: Clock;
  /** Since when this process lives. */
  readonly upSinceMs: Millis;
}

/**
 * How long ago something was, as far as this process can vouch for it, ms. A clock that has jumped ahead makes nothing older: time counts
 * from the jump on. What lies in the future was stored by a clock that has been set back since: it counts from when this process first
 * came upon it.
 */
export function elapsedSince({ clock }: Pick<ElapsedDeps, 'clock'>, sinceMs: Millis): Millis {
  const now = clock.now();
  const known = isInFuture(sinceMs, now) ? (clock.firstSeenMs?.(sinceMs) ?? now) : sinceMs;
  return now - Math.max(known, clock.evenSinceMs?.() ?? 0);
}

/** The same, where only time counts in which this process could have heard of it. */
export function elapsedInHearing({ clock, upSinceMs }: ElapsedDeps, sinceMs: Millis): Millis {
  const now = clock.now();
  // Its own beginning lies ahead only of a process that has seen the clock being set back.
  const upMs = isInFuture(upSinceMs, now) ? 0 : upSinceMs;
  return Math.min(elapsedSince({ clock }, sinceMs), now - Math.max(upMs, clock.evenSinceMs?.() ?? 0));
}

/** True for a stored time that no clock which is right can have given yet. */
export function isInFuture(atMs: Millis, nowMs: Millis): boolean {
  return atMs > nowMs + SKEW_MS;
}
