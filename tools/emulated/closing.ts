/** Things that are open and have to be closed, whatever else goes wrong. */
export interface Closing {
  /** Waits for something to open; from then on it is closed with the rest. */
  add<T>(opening: Promise<T>, close: (opened: T) => unknown): Promise<T>;
  /** Closes all, the last one first, and tells what failed to close. */
  run(): Promise<void>;
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
      return opened;
    },
    run: () => (running ??= closeAll()),
  };
}
