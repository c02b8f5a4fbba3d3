/**
 * Knows when nothing of a simulated step is under way any more. Promises and the store's group commit run on the real event loop; time
 * may go on only after all they do in the present step is done, or the same seed would not give the same history.
 */
export class Stillness {
  #underWay = 0;
  #activity = 0;

  /** Something asynchronous was begun or goes on. */
  stir(): void {
    this.#activity += 1;
  }

  /** Follows work that ends by itself within the step. */
  begin(): void {
    this.#underWay += 1;
    this.#activity += 1;
  }

  end(): void {
    this.#underWay -= 1;
    this.#activity += 1;
  }

  get activity(): number {
    return this.#activity;
  }

  /** Resolves when nothing has happened for two turns of the event loop and nothing is awaited from it. */
  async reached(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 2;) {
      const before = this.#activity;
      await turn();
      quietTurns = this.#activity === before && this.#underWay === 0 ? quietTurns + 1 : 0;
    }
  }
}

/** All microtasks, and all immediates asked for before, have run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
