import type { Pace } from './pace.ts';

/** What may happen to something on its way. `reorder` lets the next one overtake it. */
export type Mishap = 'drop' | 'duplicate' | 'delay' | 'reorder';

interface Planned<T> {
  readonly mishap: Mishap;
  readonly to: (item: T) => boolean;
  left: number;
  readonly delayMs: number;
}

/**
 * Carries things to where they are delivered, at once and in order, unless something was planned to happen to them. Nothing is
 * lost or doubled by itself.
 */
export class Conveyor<T> {
  readonly #deliver: (item: T) => void;
  readonly #pace: Pace;
  readonly #planned: Planned<T>[] = [];
  readonly #stopped = new AbortController();
  #overtaken: T[] = [];
  #held: T[] | undefined;
  #dropped: T[] = [];

  constructor(deliver: (item: T) => void, pace: Pace) {
    this.#deliver = deliver;
    this.#pace = pace;
  }

  /** What was dropped so far. */
  get dropped(): readonly T[] {
    return this.#dropped;
  }

  /** Plans a mishap for the next `times` things that `to` accepts: one, and any, unless told. */
  plan(
    mishap: Mishap,
    {
      to = () => true,
      times = 1,
      delayMs = 10_000,
    }: { to?: (item: T) => boolean; times?: number; delayMs?: number } = {},
  ): void {
    this.#planned.push({ mishap, to, left: times, delayMs });
  }

  /** Forgets what was planned and did not happen yet. */
  clearPlans(): void {
    this.#planned.length = 0;
  }

  /** Keeps everything back until `resume`. */
  pause(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const item of held) this.carry(item);
  }

  carry(item: T): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#held) return void this.#held.push(item);
    const planned = this.#take(item);
    if (planned?.mishap === 'drop') return void this.#dropped.push(item);
    if (planned?.mishap === 'reorder') return void this.#overtaken.push(item);
    if (planned?.mishap === 'delay') return void this.#later(item, planned.delayMs);
    this.#deliver(item);
    if (planned?.mishap === 'duplicate') this.#deliver(item);
    this.release();
  }

  /** Delivers what waits to be overtaken, though nothing came behind it. */
  release(): void {
    const overtaken = this.#overtaken;
    this.#overtaken = [];
    for (const item of overtaken) this.#deliver(item);
  }

  /** Delivers nothing any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #later(item: T, delayMs: number): Promise<void> {
    await this.#pace.sleep(delayMs, this.#stopped.signal);
    if (!this.#stopped.signal.aborted) this.#deliver(item);
  }

  #take(item: T): Planned<T> | undefined {
    const planned = this.#planned.find(({ to }) => to(item));
    if (planned && --planned.left <= 0) this.#planned.splice(this.#planned.indexOf(planned), 1);
    return planned;
  }
}
