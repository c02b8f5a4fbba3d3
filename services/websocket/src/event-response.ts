import type { ServerResponse } from 'node:http';
import type { Connection } from './connection.ts';
import { DrainWaiters } from './drain-waiters.ts';
import { closedEvent, KNOCK, OPENING } from './event-form.ts';
import type { Frame } from './frame-form.ts';
import { STREAM_CLOSE } from '@runvoy/protocol';

/** A viewer's connection over server-sent events: one HTTP answer that goes on. */
export class EventResponse implements Connection {
  readonly #response: ServerResponse;
  readonly #waiters = new DrainWaiters(this);
  #isAlive = true;
  readonly #written = (): void => {
    this.#isAlive = true;
    this.#waiters.wake();
  };

  /** Answers with the head of the stream. `origin` is the page that may read it. */
  constructor(response: ServerResponse, origin: string | undefined) {
    this.#response = response;
    response.on('error', () => undefined);
    response.on('close', () => this.#waiters.wake());
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // A proxy that keeps what goes by until there is enough of it would stop a live log.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
      ...(origin === undefined ? {} : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }),
    });
    this.send([OPENING]);
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  send(frames: readonly Frame[]): void {
    if (!this.isOpen || frames.length === 0) return;
    this.#response.cork();
    for (const frame of frames) this.#response.write(frame, this.#written);
    this.#response.uncork();
  }

  drained(bytes: number): Promise<void> {
    return this.#waiters.drained(bytes);
  }

  /** There are no close codes here: what a client must know of the reason is an event of its own. */
  close(code: number, reason: string): void {
    if (this.isOpen) this.#response.end(code === STREAM_CLOSE.done ? undefined : closedEvent(code, reason));
    this.#waiters.wake();
  }

  terminate(): void {
    this.#response.destroy();
  }

  checkAlive(): void {
    // Nothing is answered to a knock: that the network takes it is all there is to see.
    if (!this.#isAlive) return this.terminate();
    this.#isAlive = false;
    this.send([KNOCK]);
  }
}
