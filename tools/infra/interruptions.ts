/** Whether somebody wants this to end, and who has to be told. */
export interface Interruptions {
  readonly isInterrupted: boolean;
  /** Aborted by the first. */
  readonly signal: AbortSignal;
  /** `isSeenByAll`: a Ctrl-C on a terminal reaches every process there by itself. Answers what stops the listening. */
  onSignal(listener: (isSeenByAll: boolean) => void): () => void;
}

/** SIGINT and SIGTERM of this process, which from here on do not end it. */
export function interruptionsOf(here: NodeJS.Process): Interruptions {
  const listeners = new Set<(isSeenByAll: boolean) => void>();
  const isTerminal = here.stdin.isTTY || here.stdout.isTTY || here.stderr.isTTY;
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    here.on(name, () => {
      interrupted.abort();
      for (const listener of listeners) listener(name === 'SIGINT' && isTerminal);
    });
  }
  return {
    get isInterrupted() {
      return interrupted.signal.aborted;
    },
    signal: interrupted.signal,
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
