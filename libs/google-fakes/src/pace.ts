/** The time that a fake lives by. Tests pass one that stands still until it is advanced. */
export interface Pace {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` of this time, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Real time, in which every wait is `factor` times shorter: a backoff of 10 s takes 0.1 s at 100. */
export function fasterPace(factor = 1): Pace {
  return {
    now: Date.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms / factor);
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}

/** Pause before the next try: doubling from `minMs` to `maxMs`. `attempt` is 1 after the first failure. */
export function backoff(attempt: number, { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
}
