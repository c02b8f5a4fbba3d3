import { STREAM_PROTOCOL, type StreamFrame } from '@runvoy/protocol';

/** What reading the live view needs of a WebSocket; the platform's own fits, and what it cannot tell is optional. */
export interface LiveSocket {
  addEventListener(type: 'open' | 'close' | 'error' | 'message', listener: (event: LiveEvent) => void): void;
  close(): void;
  /** Holds frames back until `resume`. A socket without it is closed when its reader falls behind, and opened again at the cursor. */
  pause?(): void;
  resume?(): void;
  /** Calls `beat` at each ping of the server. Without it a dead connection looks like a run that says nothing, for longer. */
  onPing?(beat: () => void): void;
}

/** The part of a socket's event that is read. */
export interface LiveEvent {
  readonly type: string;
  readonly data?: unknown;
}

/** Dials the live view with the subprotocol `runvoy.v2`. */
export type Connect = (url: string, protocol: string) => LiveSocket | Promise<LiveSocket>;

/** How one connection ended. `behind`: its reader was too slow for it; the rest is to be asked for. */
export type LiveEnd = 'unopened' | 'closed' | 'behind';

const HANDSHAKE_MS = 10_000;
/** The server pings every 30 s: more silence than two pings is a dead connection. */
const PINGED_SILENCE_MS = 75_000;
/** Where pings cannot be seen, a run that says nothing is dialled again now and then. */
const UNSEEN_SILENCE_MS = 300_000;
/** Characters of frames that wait for their reader before the server is held back. */
const WAITING_CHARS = 2 * 1024 * 1024;

/** Dials with the platform's WebSocket. */
export const platformConnect: Connect = (url, protocol) => new globalThis.WebSocket(url, protocol);

/** The frames of one connection to the live view, until it ends or `signal` aborts. Never fails; whoever stops reading closes it. */
export async function* liveFrames(
  connect: Connect,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<StreamFrame, LiveEnd, undefined> {
  if (signal.aborted) return 'unopened';
  let socket: LiveSocket;
  try {
    const dialled = connect(url, STREAM_PROTOCOL);
    // A socket that is there already is listened to at once.
    socket = dialled instanceof Promise ? await dialled : dialled;
  } catch {
    return 'unopened';
  }
  const reading = new Reading(socket);
  const hangUp = () => reading.hangUp();
  signal.addEventListener('abort', hangUp);
  if (signal.aborted) hangUp();
  try {
    for (;;) {
      const frame = await reading.next();
      if (signal.aborted) return 'closed';
      if (!frame) return reading.end;
      yield frame;
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
    reading.hangUp();
  }
}

class Reading {
  readonly #socket: LiveSocket;
  readonly #silenceMs: number;
  #waiting: { readonly frame: StreamFrame; readonly chars: number }[] = [];
  #waitingChars = 0;
  #isPaused = false;
  #isOpen = false;
  #isOver = false;
  #isBehind = false;
  #wake: () => void = () => undefined;
  #timer: ReturnType<typeof setTimeout>;

  constructor(socket: LiveSocket) {
    this.#socket = socket;
    this.#silenceMs = socket.onPing ? PINGED_SILENCE_MS : UNSEEN_SILENCE_MS;
    this.#timer = setTimeout(() => this.hangUp(), HANDSHAKE_MS);
    socket.onPing?.(() => this.#beat());
    socket.addEventListener('open', () => {
      this.#isOpen = true;
      this.#beat();
    });
    socket.addEventListener('message', ({ data }) => this.#take(data));
    // An error is followed by a close.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', () => this.#over());
  }

  get end(): LiveEnd {
    if (this.#isBehind) return 'behind';
    return this.#isOpen ? 'closed' : 'unopened';
  }

  /** Undefined when there are no more. */
  async next(): Promise<StreamFrame | undefined> {
    while (this.#waiting.length === 0 && !this.#isOver) {
      if (this.#isPaused) this.#goOn();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const next = this.#waiting.shift();
    this.#waitingChars -= next?.chars ?? 0;
    return next?.frame;
  }

  hangUp(): void {
    if (!this.#isOver) this.#socket.close();
    this.#over();
  }

  #take(data: unknown): void {
    if (this.#isOver || typeof data !== 'string') return;
    this.#isOpen = true;
    this.#beat();
    const frame = readFrame(data);
    if (!frame) return;
    this.#waiting.push({ frame, chars: data.length });
    this.#waitingChars += data.length;
    if (this.#waitingChars > WAITING_CHARS) this.#holdBack();
    this.#wake();
  }

  #holdBack(): void {
    if (this.#socket.pause) {
      this.#socket.pause();
      this.#isPaused = true;
      clearTimeout(this.#timer);
    } else {
      this.#isBehind = true;
      this.hangUp();
    }
  }

  #goOn(): void {
    this.#isPaused = false;
    this.#socket.resume?.();
    this.#beat();
  }

  #beat(): void {
    if (this.#isPaused || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hangUp(), this.#silenceMs);
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#wake();
  }
}

/** A frame of a type this client does not know is one of a newer server; half a frame is none. */
function readFrame(text: string): StreamFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as StreamFrame) : undefined;
  } catch {
    return undefined;
  }
}
