import { newSightings } from './sightings.ts';

/** Milliseconds since the Unix epoch. */
export type Millis = number;

/** Time as an argument, so that tests decide what it is. */
export interface Clock {
  now(): Millis;
  /**
   * Since when this process can tell how long ago something was: the last time it saw the clock jump, 0 when it has not.
   */
  evenSinceMs?(): Millis;
  /** When this process first came upon a stored time that is ahead of its clock. */
  firstSeenMs?(storedMs: Millis): Millis;
  /** Resolves after `ms`, or at once when `signal` aborts (it does not reject: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that was corrected by less than this has not jumped. */
const JUMP_MS = 5_000;

/** How far the machine's clock is from one that cannot be set, and when that last changed. */
let offsetMs = Date.now() - performance.now();
let jumpedAtMs = 0;
const sightings = newSightings();

function readClock(): Millis {
  const now = Date.now();
  const offset = now - performance.now();
  if (Math.abs(offset - offsetMs) > JUMP_MS) {
    offsetMs = offset;
    jumpedAtMs = now;
  }
  return now;
}

/** The machine's clock. A machine that slept has seen it jump, too. */
export const systemClock: Clock = {
  now: readClock,
  evenSinceMs() {
    readClock();
    return jumpedAtMs;
  },
  firstSeenMs: (storedMs) => sightings(storedMs, readClock()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

export interface ManualClock extends Clock {
  /** Moves time forward and wakes whoever slept until then, in order of waking time. */
  advance(ms: number): void;
  /** Sets the clock by so much, ahead or back; nobody has slept any longer. */
  jump(ms: number): void;
}

/** A clock that stands still until it is advanced. */
export function manualClock(startMs: Millis): ManualClock {
  let now = startMs;
  let evenSinceMs = 0;
  const sighted = newSightings();
  let sleepers: { at: Millis; wake: () => void }[] = [];
  return {
    now: () => now,
    evenSinceMs: () => evenSinceMs,
    firstSeenMs: (storedMs) => sighted(storedMs, now),
    jump(ms) {
      now += ms;
      evenSinceMs = now;
      for (const sleeper of sleepers) sleeper.at += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener(
          'abort',
          () => {
            sleepers = sleepers.filter((other) => other !== sleeper);
            resolve();
          },
          { once: true },
        );
      }),
    advance(ms) {
      now += ms;
      const due = sleepers.filter((sleeper) => sleeper.at <= now).sort((a, b) => a.at - b.at);
      sleepers = sleepers.filter((sleeper) => sleeper.at > now);
      for (const sleeper of due) sleeper.wake();
    },
  };
}
