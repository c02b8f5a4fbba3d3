import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Connection } from './connection.ts';
import { DrainWaiters } from './drain-waiters.ts';
import type { Frame } from './frame-form.ts';

/** A viewer's connection over WebSocket. */
export class ViewerSocket implements Connection {
  readonly #ws: WebSocket;
  readonly #stream: Duplex;
  readonly #waiters = new DrainWaiters(this);
  #isAlive = true;
  readonly #written = (): void => {
    // Somebody takes what is sent, however slowly: a ping behind a megabyte of log may need longer than a round.
    this.#isAlive = true;
    this.#waiters.wake();
  };

  constructor(ws: WebSocket, stream: Duplex) {
    this.#ws = ws;
    this.#stream = stream;
    ws.on('pong', () => (this.#isAlive = true));
    // An error is followed by a close; there is nothing else to do about a viewer's broken connection.
    ws.on('error', () => undefined);
    ws.on('close', () => this.#waiters.wake());
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
    return this.#waiters.drained(bytes);
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.#waiters.wake();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  checkAlive(): void {
    if (!this.#isAlive) return this.terminate();
    this.#isAlive = false;
    if (this.isOpen) this.#ws.ping();
  }
}
