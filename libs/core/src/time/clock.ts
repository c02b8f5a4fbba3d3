/** Milliseconds since the Unix epoch. */
export type Millis = number;

/** Time as an argument, so that tests decide what it is. */
export interface Clock {
  now(): Millis;
  /** Resolves after `ms`, or at once when `signal` aborts (it does not reject: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
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
}

/** A clock that stands still until it is advanced. */
export function manualClock(startMs: Millis): ManualClock {
  let now = startMs;
  let sleepers: { at: Millis; wake: () => void }[] = [];
  return {
    now: () => now,
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
