import { retryDelayMs } from './retry-delay.ts';
import { RunvoyError } from './runvoy-error.ts';

export interface ContactOptions {
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly random: () => number;
  /** Without any word from the server for so long it is given up. */
  readonly giveUpMs: number;
}

/** What is known of a server's being there: when it was last heard, why not since, and how long to wait before asking again. */
export class ServerContact {
  readonly #options: ContactOptions;
  #heardAtMs: number;
  #attempt = 0;
  #error: RunvoyError | undefined;

  constructor(options: ContactOptions) {
    this.#options = options;
    this.#heardAtMs = options.now();
  }

  heard(): void {
    this.#heardAtMs = this.#options.now();
    this.#attempt = 0;
    this.#error = undefined;
  }

  /** A connection broke, and no answer says why. */
  broke(): void {
    this.#error = undefined;
  }

  /** What a call answers; undefined when the answer may be another one later, or nobody waits for it any more. */
  async ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call();
      this.heard();
      return answer;
    } catch (error) {
      if (this.#options.signal.aborted) return undefined;
      if (!(error instanceof RunvoyError) || !(error.mayPass || error.status >= 500)) throw error;
      this.#error = error;
      return undefined;
    }
  }

  /** The next try: its number, from 1, and the pause before it, which grows. Fails with `SILENT`. */
  nextTry(): { readonly attempt: number; readonly retryInMs: number; readonly error: RunvoyError | undefined } {
    const { now, random, giveUpMs } = this.#options;
    if (now() - this.#heardAtMs > giveUpMs) {
      throw new RunvoyError('the server was not heard of for too long', { code: 'SILENT', cause: this.#error });
    }
    const retryInMs = Math.max(this.#error?.retryAfterMs ?? 0, retryDelayMs(this.#attempt++, random()));
    return { attempt: this.#attempt, retryInMs, error: this.#error };
  }
}
