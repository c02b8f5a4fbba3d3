/** One line of a history. */
export interface TraceLine {
  readonly atMs: number;
  readonly text: string;
  /** True when a reader of the story needs it; the others are for whoever replays the seed. */
  readonly isStep: boolean;
}

/** What happened, one readable line per event. */
export class Trace {
  readonly lines: TraceLine[] = [];
  readonly #now: () => number;
  #isClosed = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A step of the story. */
  step(text: string): void {
    if (!this.#isClosed) this.lines.push({ atMs: this.#now(), text, isStep: true });
  }

  detail(text: string): void {
    if (!this.#isClosed) this.lines.push({ atMs: this.#now(), text, isStep: false });
  }

  /** Nothing that comes later belongs to the history. */
  close(): void {
    this.#isClosed = true;
  }
}

/** A line as it is printed, with seconds since the history began. */
export function traceText({ atMs, text }: TraceLine, startMs: number): string {
  return `${((atMs - startMs) / 1000).toFixed(3).padStart(9)} s  ${text}`;
}
