interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Ends a wait before its time. */
export type Cancel = () => void;

/** Simulated time: what is due next runs next, in the order it was asked for; nothing else moves the clock. */
export class Schedule {
  #nowMs: number;
  #made = 0;
  readonly #heap: Task[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const task: Task = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#made++, run, isCancelled: false };
    this.#push(task);
    return () => {
      task.isCancelled = true;
    };
  }

  /** Runs what is due next; false when there is nothing, or nothing before `untilMs`. */
  step(untilMs: number): boolean {
    while (true) {
      const next = this.#heap[0];
      if (!next || next.atMs > untilMs) return false;
      this.#pop();
      if (next.isCancelled) continue;
      this.#nowMs = next.atMs;
      next.run();
      return true;
    }
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, task)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
