import { backoff } from './pace.ts';
import type { Pace } from './pace.ts';

export interface RetryPolicy {
  readonly minMs: number;
  readonly maxMs: number;
  /** Given up after so many; never unless told. */
  readonly maxAttempts?: number | undefined;
}

/** Delivers each item until it is taken, with growing pauses between, and at most so many at a time. */
export class RetriedDeliveries<T> {
  readonly #attempt: (item: T, attempt: number, signal: AbortSignal) => Promise<boolean>;
  readonly #giveUp: (item: T, attempts: number) => Promise<void>;
  readonly #policy: RetryPolicy;
  readonly #pace: Pace;
  readonly #stopped = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #waitingForRoom: (() => void)[] = [];
  #room: number;

  constructor(options: {
    /** True when the item was taken. */
    readonly attempt: (item: T, attempt: number, signal: AbortSignal) => Promise<boolean>;
    readonly giveUp?: (item: T, attempts: number) => Promise<void>;
    readonly policy: RetryPolicy;
    readonly pace: Pace;
    readonly concurrency?: number;
  }) {
    this.#attempt = options.attempt;
    this.#giveUp = options.giveUp ?? (async () => {});
    this.#policy = options.policy;
    this.#pace = options.pace;
    this.#room = options.concurrency ?? 20;
  }

  add(item: T): void {
    const delivery = this.#deliver(item).finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** How many were neither taken nor given up. */
  get outstanding(): number {
    return this.#underWay.size;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const wake of this.#waitingForRoom.splice(0)) wake();
    await Promise.all(this.#underWay);
  }

  async #deliver(item: T): Promise<void> {
    const { signal } = this.#stopped;
    const { maxAttempts = Number.POSITIVE_INFINITY } = this.#policy;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const isTaken = await this.#inRoom(() => this.#attempt(item, attempt, signal));
      if (isTaken) return;
      if (attempt >= maxAttempts) return this.#giveUp(item, attempt);
      await this.#pace.sleep(backoff(attempt, this.#policy), signal);
    }
  }

  async #inRoom(work: () => Promise<boolean>): Promise<boolean> {
    while (this.#room === 0 && !this.#stopped.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waitingForRoom.push(resolve);
      });
    }
    if (this.#stopped.signal.aborted) return false;
    this.#room--;
    try {
      return await work();
    } finally {
      this.#room++;
      this.#waitingForRoom.shift()?.();
    }
  }
}
