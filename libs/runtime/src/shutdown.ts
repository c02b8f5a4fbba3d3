/** Closes things in the reverse order of their opening, once, within a bound. */
export interface Shutdown {
  /** Adds what is to be closed; the last one added is closed first. */
  add(name: string, close: () => Promise<void> | void): void;
  /** Closes everything; a failure is noticed and does not stop the rest. */
  run(): Promise<void>;
}

/** `noticed` is told what failed to close. */
export function newShutdown(noticed: (error: unknown, name: string) => void): Shutdown {
  const steps: { name: string; close: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;
  const closeAll = async () => {
    for (const { name, close } of steps.toReversed()) {
      try {
        await close();
      } catch (error) {
        noticed(error, name);
      }
    }
  };
  return {
    add: (name, close) => {
      steps.push({ name, close });
    },
    run: () => (running ??= closeAll()),
  };
}
