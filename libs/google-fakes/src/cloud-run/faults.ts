import { Faults } from '../faults.ts';
import type { UnaryMethod } from '../grpc-server.ts';

/** What becomes of a completion event: never delivered, twice, that much later, or after the next one. */
export type EventFault = 'drop' | 'duplicate' | 'swap' | { delayMs: number };

/** What goes wrong with an image: it is gone, or takes so long to pull. */
export type ImageFault = 'missing' | 'forbidden' | { pullMs: number };

/** Everything that goes wrong on demand. A test sets it at any time; `calls` and `events` are used up one by one. */
export class CloudRunFaults {
  /** Calls that fail, before (`afterwards: false`) or after they took effect. Quota: RunJob with RESOURCE_EXHAUSTED. */
  readonly calls = new Faults();
  /** Added to the time between acceptance and the start of the containers. */
  startDelayMs = 0;
  /** So long a new execution is missing from lists. */
  listingLagMs = 0;
  /** The code with which the next cancel operations end, although the cancel works: 2 or 10 have been seen. */
  readonly cancelOperationCodes: (2 | 10)[] = [];
  readonly images = new Map<string, ImageFault>();

  readonly #held = new Map<string, { promise: Promise<void>; release: () => void }>();
  readonly #events: EventFault[] = [];

  /** From now on calls of the method take effect and get no answer, until the function returned is called. */
  hold(method: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const release = () => {
      this.#held.delete(method);
      resolve();
    };
    this.#held.set(method, { promise, release });
    return release;
  }

  /** The same methods, whose answers wait as long as they are held. */
  holding(methods: Readonly<Record<string, UnaryMethod>>): Record<string, UnaryMethod> {
    const held = Object.entries(methods).map(([name, method]): [string, UnaryMethod] => [
      name,
      async (request, caller) => {
        const answer = await method(request, caller);
        await this.#held.get(name)?.promise;
        return answer;
      },
    ]);
    return Object.fromEntries(held);
  }

  /** Lets every held answer go. */
  releaseAll(): void {
    for (const held of this.#held.values()) held.release();
  }

  /** The next completion events suffer this, one after the other. */
  nextEvents(...faults: EventFault[]): void {
    this.#events.push(...faults);
  }

  takeEvent(): EventFault | undefined {
    return this.#events.shift();
  }
}
