import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Frame } from './frame-form.ts';
import type { Outlet } from './outlet.ts';

/** A viewer's connection. */
export class ViewerSocket implements Outlet {
  readonly #ws: WebSocket;
  readonly #stream: Duplex;
  #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];
  #isAlive = true;
  readonly #written = (): void => {
    // Somebody takes what is sent, however slowly: a ping behind a megabyte of log may need longer than a round.
    this.#isAlive = true;
    this.#wake();
  };

  constructor(ws: WebSocket, stream: Duplex) {
    this.#ws = ws;
    this.#stream = stream;
    ws.on('pong', () => (this.#isAlive = true));
    // An error is followed by a close; there is nothing else to do about a viewer's broken connection.
    ws.on('error', () => undefined);
    ws.on('close', () => this.#wake());
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(frames: readonly Frame[]): void {
    if (!this.isOpen || frames.length === 0) return;
    this.#stream.cork();
    for (const frame of frames) this.#ws.send(frame, { binary: false }, this.#written);
    this.#stream.uncork();
  }

  drained(bytes: number): Promise<void> {
    if (!this.isOpen || this.bufferedBytes <= bytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.#wake();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  /** Pings, or ends a connection that neither answered the last ping nor took anything since. */
  checkAlive(): void {
    if (!this.#isAlive) return this.terminate();
    this.#isAlive = false;
    if (this.isOpen) this.#ws.ping();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter(({ bytes }) => !this.isOpen || this.bufferedBytes <= bytes);
    this.#waiting = this.#waiting.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  }
}
