import type { Records } from '../../libs/core/src/index.ts';

/** A store that fails on demand. */
export interface FailingStore<R extends Records> {
  readonly records: R;
  /** From now on everything that is asked of it fails so; `undefined`: works again. */
  failWith(error: Error | undefined): void;
}

/** `records`, and a way to have it fail. */
export function failingStore<R extends Records>(records: R): FailingStore<R> {
  let failure: Error | undefined;
  return {
    records: new Proxy(records, {
      get(target, name: keyof Records) {
        const method = target[name] as (...args: unknown[]) => unknown;
        return failure ? () => Promise.reject(failure!) : method.bind(target);
      },
    }),
    failWith: (error) => void (failure = error),
  };
}
