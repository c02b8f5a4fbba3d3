/** Those who wait until a connection has taken what was handed over. */
export class DrainWaiters {
  readonly #state: { readonly isOpen: boolean; readonly bufferedBytes: number };
  #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

  constructor(state: { readonly isOpen: boolean; readonly bufferedBytes: number }) {
    this.#state = state;
  }

  /** Nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when at most this much is buffered, or when the connection is closed. */
  drained(bytes: number): Promise<void> {
    if (this.#isMet(bytes)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  /** The connection has taken something, or is closed. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter(({ bytes }) => this.#isMet(bytes));
    this.#waiting = this.#waiting.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  }

  #isMet(bytes: number): boolean {
    return !this.#state.isOpen || this.#state.bufferedBytes <= bytes;
  }
}
