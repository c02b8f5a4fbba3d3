import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Connection } from './connection.ts';
import { DrainWaiters } from './drain-waiters.ts';
import type { Frame } from './frame-form.ts';

const NOTHING = Buffer.alloc(0);

/**
 * A viewer's connection over WebSocket. Frames come in a `socketForm` and are written to the stream below `ws`, which writes its own
 * frames (pings, pongs, the close) to it whole and at once as long as nothing is compressed.
 */
export class ViewerSocket implements Connection {
  readonly #ws: WebSocket;
  readonly #stream: Duplex;
  readonly #waiters = new DrainWaiters(this);
  #isAlive = true;
  /** Bytes written so far, and how many of them were taken when that was last asked. */
  #written = 0;
  #taken = 0;
  #isAwaited = false;

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
    return this.#stream.writableLength;
  }

  /** Nothing is called back: for a thousand viewers that would cost a good part of what the write does. */
  send(frames: readonly Frame[]): void {
    if (!this.isOpen) return;
    for (const frame of frames) {
      this.#written += frame.length;
      this.#stream.write(frame);
    }
  }

  drained(bytes: number): Promise<void> {
    const drained = this.#waiters.drained(bytes);
    this.#awaitTaken();
    return drained;
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.#waiters.wake();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  checkAlive(): void {
    // Somebody takes what is sent, however slowly: a ping behind a megabyte of log may need longer than a round.
    const taken = this.#written - this.bufferedBytes;
    if (!this.#isAlive && taken <= this.#taken) return this.terminate();
    this.#taken = taken;
    this.#isAlive = false;
    if (this.isOpen) this.#ws.ping();
  }

  /** An empty write is called back when all before it is taken. */
  #awaitTaken(): void {
    if (this.#isAwaited || this.#waiters.isEmpty || !this.isOpen) return;
    this.#isAwaited = true;
    this.#stream.write(NOTHING, () => {
      this.#isAwaited = false;
      this.#waiters.wake();
      this.#awaitTaken();
    });
  }
}
