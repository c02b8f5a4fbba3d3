import { request, type IncomingMessage, type Server } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { WebSocket } from 'ws';

/** Somebody who reads a log and takes of it what the test lets them take. The connection holds 64 KiB, as no network can be told to. */
export interface LogReader {
  /** Resolves with the first bytes of the answer's body. Nothing is taken after them. */
  readonly begun: Promise<void>;
  /** Bytes taken so far. */
  readonly taken: number;
  /** Takes all there is, a little at each turn of the event loop. Resolves when the server has ended it. */
  takeSlowly(): Promise<void>;
  /** Is gone, in the middle of whatever is sent. */
  leave(): void;
}

/** Connects without a network: the server gets one end of a pipe. */
function connected(server: Server): Connection {
  const [ours, theirs] = duplexPair();
  // Neither end is told that the other was destroyed, as it would be of a socket.
  const cut = () => [ours, theirs].forEach((side) => side.destroy());
  for (const side of [ours, theirs]) side.once('close', cut);
  server.emit('connection', theirs);
  return { ours, cut };
}

interface Connection {
  readonly ours: Duplex;
  /** As when a process ends: both ends are told. */
  readonly cut: () => void;
}

/** Reads an answer over HTTP. */
export function readAnswer(server: Server, path: string, headers: Readonly<Record<string, string>>): LogReader {
  const connection = connected(server);
  const asked = request({ createConnection: () => connection.ours, path, headers: { host: 'localhost', ...headers } });
  // Whoever leaves breaks its own connection.
  asked.on('error', () => undefined);
  const answered = new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
  asked.end();
  return new Reader(
    connection.cut,
    answered.then((answer) => {
      answer.on('error', () => undefined);
      if (answer.statusCode !== 200) throw new Error(`${path} is answered ${answer.statusCode}`);
      return {
        onData: (take) => void answer.on('data', take),
        pause: () => void answer.pause(),
        resume: () => void answer.resume(),
        ended: new Promise<void>((resolve) => answer.once('end', resolve)),
      };
    }),
  );
}

/** Reads a live view over WebSocket. */
export function readSocket(server: Server, url: string, protocol?: string): LogReader {
  const connection = connected(server);
  const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
    createConnection: () => connection.ours as never,
    perMessageDeflate: false,
  });
  socket.on('error', () => undefined);
  const source = {
    onData: (take: (part: Buffer) => void) => void socket.on('message', take),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    ended: new Promise<void>((resolve) => socket.once('close', () => resolve())),
  };
  return new Reader(connection.cut, Promise.resolve(source));
}

/** So much is taken at a turn of the event loop. */
const STEP_BYTES = 16 * 1024;

interface Source {
  onData(take: (part: Buffer) => void): void;
  pause(): void;
  resume(): void;
  readonly ended: Promise<void>;
}

class Reader implements LogReader {
  readonly begun: Promise<void>;
  taken = 0;
  readonly leave: () => void;
  readonly #source: Promise<Source>;
  #isSlow = false;
  #pausesAt = 0;

  constructor(leave: () => void, source: Promise<Source>) {
    this.leave = leave;
    this.#source = source;
    this.begun = source.then(
      (from) =>
        new Promise((resolve) => {
          from.onData((part) => {
            this.taken += part.length;
            resolve();
            if (this.#isSlow && this.taken < this.#pausesAt) return;
            this.#pausesAt = this.taken + STEP_BYTES;
            from.pause();
            if (this.#isSlow) setImmediate(() => from.resume());
          });
        }),
    );
  }

  async takeSlowly(): Promise<void> {
    this.#isSlow = true;
    const source = await this.#source;
    source.resume();
    await source.ended;
  }
}
