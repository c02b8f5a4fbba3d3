/** The moment a run times out. The server may move it; the runner keeps it, so that it holds while the server is away. */
export interface Deadline {
  moveTo(atMs: number): void;
  close(): void;
}

/** Node's timers overflow beyond this and then fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function openDeadline(atMs: number, now: () => number, onElapsed: () => void): Deadline {
  let due = atMs;
  let timer: NodeJS.Timeout;

  function arm(): void {
    clearTimeout(timer);
    timer = setTimeout(
      () => (now() >= due ? onElapsed() : arm()),
      Math.min(Math.max(due - now(), 0), LONGEST_TIMER_MS),
    );
  }

  arm();
  return {
    moveTo(at) {
      if (at === due) return;
      due = at;
      arm();
    },
    close: () => clearTimeout(timer),
  };
}
