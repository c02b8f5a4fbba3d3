import type { Execution } from '../../src/executions/execution.ts';
import { executionRef } from '../../src/executions/execution.ts';
import type { Records, Stored, Tx } from '../../src/records/records.ts';

/** A store that holds one execution and forgets everything else: all that the decisions about one run's life need. */
export class OneRecord implements Records {
  execution: Execution;
  /** It was written with what it held already. */
  wasWrittenInVain = false;

  constructor(execution: Execution) {
    this.execution = execution;
  }

  async get<T extends object>({ collection, id }: { readonly collection: string; readonly id: string }) {
    return this.#holds(collection, id)
      ? ({ id, value: this.execution, version: '1' } as unknown as Stored<T>)
      : undefined;
  }

  async getFields<T extends object>({ collection, id }: { readonly collection: string; readonly id: string }) {
    return this.#holds(collection, id) ? (this.execution as unknown as T) : undefined;
  }

  async transact<R>(change: (tx: Tx) => Promise<R>): Promise<R> {
    let next: Execution | undefined;
    const tx: Tx = {
      get: async <T extends object>({ collection, id }: { readonly collection: string; readonly id: string }) =>
        (this.#holds(collection, id) ? this.execution : undefined) as T | undefined,
      page: async () => ({ records: [] }),
      create: () => undefined,
      delete: () => undefined,
      set: ({ collection, id }, value) => {
        if (this.#holds(collection, id)) next = value as unknown as Execution;
      },
    };
    const result = await change(tx);
    if (next) this.#replace(next);
    return result;
  }

  async compareAndSet(_ref: unknown, _version: string, value: object): Promise<boolean> {
    this.#replace(value as Execution);
    return true;
  }

  #replace(next: Execution): void {
    this.wasWrittenInVain ||= JSON.stringify(next) === JSON.stringify(this.execution);
    this.execution = next;
  }

  #holds(collection: string, id: string): boolean {
    const ref = executionRef(this.execution.execution_id);
    return ref.collection === collection && ref.id === id;
  }

  create = async () => undefined;
  createMany = async () => [];
  delete = async () => undefined;
  page = async () => ({ records: [] });
  count = async () => 0;
  removeExpired = async () => 0;
  watch = () => () => undefined;
  watchQuery = () => () => undefined;
}
