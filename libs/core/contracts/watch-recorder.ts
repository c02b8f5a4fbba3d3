import type { Change, Watcher } from '../src/records/records.ts';

/** A watcher that remembers what it was told. */
export interface WatchRecorder<T extends object> extends Watcher<T> {
  /** One element for each call, the first result first. */
  readonly calls: readonly (readonly Change<T>[])[];
  readonly failure: Error | undefined;
  /** What the watcher would show now: records by id, without those that are gone. */
  readonly view: ReadonlyMap<string, T>;
  /** Resolves when `isReached` holds after some call; rejects when the watch fails before. */
  until(isReached: (recorder: WatchRecorder<T>) => boolean): Promise<void>;
}

export function watchRecorder<T extends object>(): WatchRecorder<T> {
  const calls: (readonly Change<T>[])[] = [];
  const view = new Map<string, T>();
  let failure: Error | undefined;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const look of woken) look();
  };
  const recorder: WatchRecorder<T> = {
    calls,
    view,
    get failure() {
      return failure;
    },
    changed(changes) {
      calls.push(changes);
      for (const change of changes) {
        if (change.kind === 'present') view.set(change.id, change.value);
        else view.delete(change.id);
      }
      wake();
    },
    failed(error) {
      failure = error;
      wake();
    },
    until: (isReached) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (isReached(recorder)) resolve();
          else if (failure) reject(failure);
          else waiting.push(look);
        };
        look();
      }),
  };
  return recorder;
}
