import type { DocumentProto } from './store-calls.ts';

/** Reads these fields of documents in one call; those that are not there are not in the answer. */
export type ReadFields = (
  names: readonly string[],
  fields: readonly string[],
) => Promise<ReadonlyMap<string, DocumentProto>>;

type Asked = PromiseWithResolvers<DocumentProto | undefined>;

/** Answers are small, but a request that holds up the others should be, too. */
const MOST_NAMES = 100;

/**
 * Reads of a few fields by name, in as few calls as come by themselves: what is asked for while an answer is on its way is asked for
 * together. Only reads may be joined so: a commit would join the failures of strangers.
 */
export class JoinedReads {
  readonly #read: ReadFields;
  /** What waits for its turn, by fields and by name. */
  readonly #waiting = new Map<string, Map<string, Asked>>();

  constructor(read: ReadFields) {
    this.#read = read;
  }

  get(name: string, fields: readonly string[]): Promise<DocumentProto | undefined> {
    const key = fields.join(',');
    const waiting = this.#waiting.get(key);
    const asked = waiting?.get(name) ?? Promise.withResolvers<DocumentProto | undefined>();
    if (waiting) waiting.set(name, asked);
    else {
      this.#waiting.set(key, new Map([[name, asked]]));
      void this.#work(key, fields);
    }
    return asked.promise;
  }

  async #work(key: string, fields: readonly string[]): Promise<void> {
    for (;;) {
      const waiting = this.#waiting.get(key)!;
      const next = [...waiting].slice(0, MOST_NAMES);
      if (next.length === 0) break;
      for (const [name] of next) waiting.delete(name);
      try {
        const found = await this.#read(
          next.map(([name]) => name),
          fields,
        );
        for (const [name, asked] of next) asked.resolve(found.get(name));
      } catch (error) {
        for (const [, asked] of next) asked.reject(error);
      }
    }
    this.#waiting.delete(key);
  }
}
