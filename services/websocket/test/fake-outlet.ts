import type { StreamFrame } from '@runvoy/protocol';
import type { Frame } from '../src/frame-form.ts';
import type { Outlet } from '../src/outlet.ts';

/** An outlet that keeps what it is given and lets the test decide when the network takes it. */
export class FakeOutlet implements Outlet {
  readonly frames: StreamFrame[] = [];
  readonly closes: { readonly code: number; readonly reason: string }[] = [];
  bufferedBytes = 0;
  mostBuffered = 0;
  writes = 0;
  readonly #bytesOf: (frame: Frame) => number;
  #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

  /** `bytesOf` is what a frame counts for: 0 for a viewer of any speed. */
  constructor(bytesOf: (frame: Frame) => number = () => 0) {
    this.#bytesOf = bytesOf;
  }

  get isOpen(): boolean {
    return this.closes.length === 0;
  }

  send(frames: readonly Frame[]): void {
    if (!this.isOpen) return;
    this.writes += 1;
    for (const frame of frames) {
      this.frames.push(JSON.parse(Buffer.from(frame).toString()) as StreamFrame);
      this.bufferedBytes += this.#bytesOf(frame);
    }
    this.mostBuffered = Math.max(this.mostBuffered, this.bufferedBytes);
  }

  drained(bytes: number): Promise<void> {
    if (!this.isOpen || this.bufferedBytes <= bytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.#wake();
  }

  /** The network takes this much. */
  take(bytes: number): void {
    this.bufferedBytes = Math.max(0, this.bufferedBytes - bytes);
    this.#wake();
  }

  /** Numbers of the lines sent, in the order they were sent. */
  get seqs(): number[] {
    return this.frames.flatMap((frame) => (frame.type === 'lines' ? frame.lines.map(({ seq }) => seq) : []));
  }

  #wake(): void {
    const due = this.#waiting.filter(({ bytes }) => !this.isOpen || this.bufferedBytes <= bytes);
    this.#waiting = this.#waiting.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  }
}
