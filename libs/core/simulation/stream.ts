import type { Frame, Outlet } from '@runvoy/websocket/viewing';
import type { World } from './world.ts';

/** Who reads what comes by a stream. */
export interface StreamEnd {
  /** One that was sent at `sentMs`. */
  frame(frame: Frame, sentMs: number): void;
  /** The connection is gone, or was closed after the last frame. */
  closed(): void;
}

const PLAIN_MS = 3;
const LATE_MS = 10_000;
const SLOW_MS = 4_000;
const GONE_MS = 10;
const SEEN_LATE_MS = 5_000;
const AGAIN_MS = 1_000;
/** What a frame counts for on a slow connection: a few are as much as a server lets wait. */
const SLOW_BYTES = 300 * 1024;

/** One connection from a live view to a reader: in order, or broken off. What was under way when it breaks is lost. */
export class Stream implements Outlet {
  bufferedBytes = 0;
  readonly #world: World;
  readonly #name: string;
  readonly #end: StreamEnd;
  readonly #isSlow: boolean;
  readonly #waiting: { readonly frame: Frame; readonly sentMs: number }[] = [];
  #drains: { readonly bytes: number; readonly resolve: () => void }[] = [];
  #isServed = true;
  #isHeard = true;
  #isMoving = false;
  #frames = 0;
  readonly #whenGone: (() => void)[] = [];

  constructor(world: World, name: string, end: StreamEnd) {
    this.#world = world;
    this.#name = name;
    this.#end = end;
    this.#isSlow = world.strikes('reader-slow', name);
  }

  get isOpen(): boolean {
    return this.#isServed;
  }

  send(frames: readonly Frame[]): void {
    if (!this.#isServed) return;
    const sentMs = this.#world.nowMs;
    this.#waiting.push(...frames.map((frame) => ({ frame, sentMs })));
    if (this.#isSlow) this.bufferedBytes += frames.length * SLOW_BYTES;
    this.#move();
  }

  drained(bytes: number): Promise<void> {
    if (!this.#isServed || this.bufferedBytes <= bytes) return Promise.resolve();
    this.#world.reach('reader-held-back');
    return new Promise((resolve) => this.#drains.push({ bytes, resolve }));
  }

  /** The server has nothing more to say: what is under way still arrives. */
  close(): void {
    if (!this.#isServed) return;
    this.#isServed = false;
    this.#wake();
    this.#gone();
    this.#move();
  }

  /** The server's end is dead. */
  reset(): void {
    this.#isServed = false;
    this.#waiting.length = 0;
    this.#hangUp(GONE_MS);
  }

  /** The reader's end is gone, or the network between: the server sees it after a while. */
  breakOff(): void {
    this.#hangUp(GONE_MS);
    const where = `${this.#name} is seen to be broken`;
    this.#world.after(this.#world.delay('frame-late', where, GONE_MS, SEEN_LATE_MS), () => this.close());
  }

  /** Called once the server knows that the connection is over. */
  whenGone(tell: () => void): void {
    this.#whenGone.push(tell);
  }

  #hangUp(afterMs: number): void {
    if (!this.#isHeard) return;
    this.#isHeard = false;
    this.#world.after(afterMs, () => this.#end.closed());
  }

  #move(): void {
    const world = this.#world;
    if (this.#isMoving || !this.#isHeard) return;
    if (this.#waiting.length === 0) {
      if (!this.#isServed) this.#hangUp(PLAIN_MS);
      return;
    }
    this.#isMoving = true;
    this.#frames += 1;
    const where = `${this.#name} frame ${this.#frames}`;
    const plainMs = this.#isSlow && !world.isHealing ? SLOW_MS : PLAIN_MS;
    const arrive = () => {
      if (world.isCut('reader and live view')) return void world.after(AGAIN_MS, arrive);
      this.#isMoving = false;
      const arrived = this.#waiting.shift();
      if (!arrived || !this.#isHeard) return;
      if (this.#isSlow) this.bufferedBytes -= SLOW_BYTES;
      this.#end.frame(arrived.frame, arrived.sentMs);
      this.#wake();
      this.#move();
    };
    world.after(world.delay('frame-late', where, plainMs, LATE_MS), arrive);
  }

  #wake(): void {
    const due = this.#drains.filter(({ bytes }) => !this.#isServed || this.bufferedBytes <= bytes);
    if (due.length === 0) return;
    this.#world.stillness.stir();
    this.#drains = this.#drains.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve();
  }

  #gone(): void {
    this.#world.stillness.stir();
    for (const tell of this.#whenGone.splice(0)) tell();
  }
}
