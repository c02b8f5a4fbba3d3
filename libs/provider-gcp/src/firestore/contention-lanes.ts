/**
 * Transactions of this process that have lost over the same records take turns: left to themselves they would lock each other
 * out again and again, because each reads before it writes and two readers wait for each other.
 */
export class ContentionLanes {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` after whatever was brought under this key before. */
  async run<R>(key: string, work: () => Promise<R>): Promise<R> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const settled = result.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
