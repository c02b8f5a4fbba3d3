import { Failure, type Execution, type FeedListener, type LiveFeed, type LogChunk, type Records } from '@runvoy/core';

/** Lets something happen now or later, as a test's schedule has it. */
export type Turn = (label: string) => Promise<void>;

interface Watch {
  readonly after: number;
  readonly listener: FeedListener;
}

/**
 * One execution's log whose store and feed answer when the schedule lets them, in any order. It holds what a real one promises: a read is
 * of one moment, and everything stored after a watch was opened is told at least once.
 */
export class ScriptedLog implements LiveFeed {
  execution: Execution;
  reads = 0;
  opened: number[] = [];
  /** Reads that fail before one succeeds again. */
  failingReads = 0;
  readonly #turn: Turn;
  #chunks: LogChunk[] = [];
  #watches: Watch[] = [];

  constructor(execution: Execution, turn: Turn = () => Promise.resolve()) {
    this.execution = execution;
    this.#turn = turn;
  }

  get watches(): number {
    return this.#watches.length;
  }

  /** The part of a store that a live view uses. */
  get records(): Records {
    const part = {
      get: async () => {
        await this.#turn('get');
        return { id: this.execution.execution_id, value: this.execution, version: '1' };
      },
      page: async ({ name }: { name: string }, { after = 0, limit }: { after?: number; limit: number }) => {
        // Nothing of it is sealed.
        if (name.startsWith('segments')) return { records: [] };
        this.reads += 1;
        await this.#turn('read');
        if (this.failingReads > 0) {
          this.failingReads -= 1;
          throw new Failure('STORE_UNAVAILABLE');
        }
        const found = this.#chunks.filter((chunk) => chunk.through > after).sort((a, b) => a.through - b.through);
        if (name === 'chunksBackwards') found.reverse();
        const records = found.slice(0, limit).map((value) => ({ id: String(value.from), value, version: '1' }));
        await this.#turn('answer');
        return { records };
      },
      count: async () => {
        await this.#turn('count');
        return this.#chunks.length;
      },
      transact: async (change: (tx: object) => Promise<unknown>) => {
        return change({
          get: async () => this.execution,
          set: (_: object, value: Execution) => this.change(value),
        });
      },
    };
    return part as unknown as Records;
  }

  open(_: string, after: number, listener: FeedListener): () => void {
    const watch = { after, listener };
    this.#watches.push(watch);
    this.opened.push(after);
    for (const chunk of this.#chunks) this.#tell(watch, chunk);
    void this.#turn('state').then(() => this.#isOpen(watch) && listener.execution(this.execution));
    return () => {
      this.#watches = this.#watches.filter((other) => other !== watch);
    };
  }

  store(chunk: LogChunk, times = 1): void {
    this.#chunks.push(chunk);
    for (const watch of this.#watches) for (let told = 0; told < times; told += 1) this.#tell(watch, chunk);
  }

  change(execution: Execution): void {
    this.execution = execution;
    for (const watch of this.#watches) {
      // States come in their order: whatever the execution is by then is told.
      void this.#turn('state').then(() => this.#isOpen(watch) && watch.listener.execution(this.execution));
    }
  }

  /** Every watch ends by a fault. */
  breakFeed(): void {
    const broken = this.#watches;
    this.#watches = [];
    for (const { listener } of broken) listener.failed(new Error('stream reset'));
  }

  #isOpen(watch: Watch): boolean {
    return this.#watches.includes(watch);
  }

  #tell(watch: Watch, chunk: LogChunk): void {
    if (chunk.through <= watch.after) return;
    void this.#turn('told').then(() => this.#isOpen(watch) && watch.listener.chunk(chunk));
  }
}
