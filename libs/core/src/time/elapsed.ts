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
 * from the jump on. What lies in the future was stored by a clock that has been set back since: it counts from this process's start.
 */
export function elapsedSince({ clock, upSinceMs }: ElapsedDeps, sinceMs: Millis): Millis {
  const now = clock.now();
  const upMs = isInFuture(upSinceMs, now) ? 0 : upSinceMs;
  const known = isInFuture(sinceMs, now) ? upMs : sinceMs;
  return now - Math.max(known, clock.evenSinceMs?.() ?? 0);
}

/** The same, where only time counts in which this process could have heard of it. */
export function elapsedInHearing(deps: ElapsedDeps, sinceMs: Millis): Millis {
  return Math.min(elapsedSince(deps, sinceMs), elapsedSince(deps, deps.upSinceMs));
}

/** True for a stored time that no clock which is right can have given yet. */
export function isInFuture(atMs: Millis, nowMs: Millis): boolean {
  return atMs > nowMs + SKEW_MS;
}
