/** Things that are open and have to be closed, whatever else goes wrong. */
export interface Closing {
  /**
   * Waits for something to open; from then on it is closed with the rest. What opens after the closing has begun is closed at once, and
   * `add` rejects: nobody is to use it any more.
   */
  add<T>(opening: Promise<T>, close: (opened: T) => unknown): Promise<T>;
  /** Closes all, the last one first, and tells what failed to close. */
  run(): Promise<void>;
  readonly hasBegun: boolean;
}

export function newClosing(noticed: (error: unknown) => void = () => undefined): Closing {
  const steps: (() => unknown)[] = [];
  let running: Promise<void> | undefined;
  const closeAll = async () => {
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        noticed(error);
      }
    }
  };
  return {
    async add(opening, close) {
      const opened = await opening;
      steps.push(() => close(opened));
      if (running === undefined) return opened;
      running = running.then(closeAll);
      await running;
      throw new Error('It opened when all was being closed already.');
    },
    run: () => (running ??= closeAll()),
    get hasBegun() {
      return running !== undefined;
    },
  };
}
