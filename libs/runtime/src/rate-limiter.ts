/** What became of one request. */
export interface Rate {
  readonly allowed: boolean;
  readonly limit: number;
  /** How many more would be allowed now. */
  readonly remaining: number;
  /** When refused: ms until one more is allowed, if nothing else comes. Otherwise until the window begins anew. */
  readonly resetMs: number;
}

/** Beyond so many names within a window the others share one count: whoever invents names fills no memory. */
const NAMES_KEPT = 100_000;
const OTHERS = '';

/**
 * Counts requests by name in a sliding window: those of the window before count as far as it still reaches into the last `windowMs`.
 * So no burst at the turn of a minute gets twice the limit. Counts live in this process alone.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #windowMs: number;
  #window = 0;
  #before = new Map<string, number>();
  #now = new Map<string, number>();

  constructor({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one, unless the name is beyond its limit: a refused request makes nobody wait longer. */
  take(name: string, nowMs: number): Rate {
    const rate = this.look(name, nowMs);
    if (!rate.allowed) return rate;
    const kept = this.#nameKept(name);
    this.#now.set(kept, (this.#now.get(kept) ?? 0) + 1);
    return { ...rate, remaining: Math.max(0, rate.remaining - 1) };
  }

  /** What the next one would be told, without counting it. */
  look(name: string, nowMs: number): Rate {
    this.#turn(nowMs);
    const kept = this.#nameKept(name);
    const [before, now] = [this.#before.get(kept) ?? 0, this.#now.get(kept) ?? 0];
    const intoMs = nowMs - this.#window * this.#windowMs;
    const untilTurnMs = this.#windowMs - intoMs;
    // In whole numbers: a rounded quotient would allow one a millisecond too early or too late.
    const left = (this.#limit - now) * this.#windowMs - before * untilTurnMs;
    const allowed = left >= this.#windowMs;
    const resetMs = allowed ? untilTurnMs : this.#waitMs(before, now, intoMs);
    return { allowed, limit: this.#limit, remaining: Math.max(0, Math.floor(left / this.#windowMs)), resetMs };
  }

  /** What a window before holds leaves evenly as time goes on; what this one holds begins to leave at its end. */
  #waitMs(before: number, now: number, intoMs: number): number {
    const untilOneFits = (held: number, counted: number) =>
      Math.ceil((this.#windowMs * (held - (this.#limit - 1 - counted))) / held);
    if (now < this.#limit) return untilOneFits(before, now) - intoMs;
    return this.#windowMs - intoMs + untilOneFits(now, 0);
  }

  #turn(nowMs: number): void {
    const window = Math.floor(nowMs / this.#windowMs);
    if (window === this.#window) return;
    this.#before = window === this.#window + 1 ? this.#now : new Map();
    this.#now = new Map();
    this.#window = window;
  }

  #nameKept(name: string): string {
    return this.#now.has(name) || this.#now.size < NAMES_KEPT ? name : OTHERS;
  }
}
