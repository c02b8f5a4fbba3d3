import { STREAM_PROTOCOL, type StreamFrame } from '@runvoy/protocol';
import type { WebSocket as Socket } from 'ws';

/** How one connection to the live view ended. */
export type StreamEnd =
  /** The server refused the handshake with this HTTP status. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unopened' }
  | { readonly kind: 'closed'; readonly code: number };

/** Takes a frame; a promise holds the next frames back until it resolves. */
export type FrameTaker = (frame: StreamFrame) => Promise<void> | undefined;

const HANDSHAKE_MS = 10_000;
/** The server pings every 30 s: more silence than two pings is a dead connection. */
const SILENCE_MS = 75_000;
/** Far above a batch: what is larger does not come from our server. */
const FRAME_BYTES = 16 * 1024 * 1024;
const LOST = 1006;

/** Reads one WebSocket of the live view to its end, or until `signal` aborts. Never rejects. */
export async function readLiveStream(url: string, take: FrameTaker, signal: AbortSignal): Promise<StreamEnd> {
  if (signal.aborted) return { kind: 'unopened' };
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, STREAM_PROTOCOL, {
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES,
  });
  return new Promise((resolve) => {
    let isOpen = false;
    let refusedWith: number | undefined;
    const hangUp = () => socket.terminate();
    const pulse = new Pulse(SILENCE_MS, hangUp);
    signal.addEventListener('abort', hangUp);
    socket.on('open', () => (isOpen = true));
    socket.on('ping', () => pulse.beat());
    socket.on('unexpected-response', (_request, response) => {
      refusedWith = response.statusCode ?? 0;
      response.resume();
      hangUp();
    });
    socket.on('message', (text) => {
      pulse.beat();
      const frame = readFrame((text as Buffer).toString('utf8'));
      const full = frame && take(frame);
      if (full) void holdBack(socket, pulse, full);
    });
    // An error is followed by a close.
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      pulse.stop();
      signal.removeEventListener('abort', hangUp);
      if (refusedWith !== undefined) resolve({ kind: 'refused', status: refusedWith });
      else resolve(isOpen ? { kind: 'closed', code: code || LOST } : { kind: 'unopened' });
    });
  });
}

/** Nothing is read while there is no room, and the server's own back-pressure takes it from there. */
async function holdBack(socket: Socket, pulse: Pulse, full: Promise<void>): Promise<void> {
  socket.pause();
  pulse.stop();
  await full;
  pulse.beat();
  socket.resume();
}

/** A frame of a type this client does not know is one of a newer server. */
function readFrame(text: string): StreamFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as StreamFrame) : undefined;
  } catch {
    return undefined;
  }
}

/** Calls `onSilence` when nothing beat it for `ms`. */
class Pulse {
  readonly #ms: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout;

  constructor(ms: number, onSilence: () => void) {
    this.#ms = ms;
    this.#onSilence = onSilence;
    this.#timer = setTimeout(onSilence, ms);
  }

  beat(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onSilence, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
