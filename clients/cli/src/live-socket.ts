import type { LiveSocket } from '@runvoy/sdk/follow';

const HANDSHAKE_MS = 10_000;
/** Far above a batch: what is larger does not come from our server. */
const FRAME_BYTES = 16 * 1024 * 1024;

/** Dials the live view. Unlike the platform's WebSocket this one can be held back, shows pings, and hangs up at once. */
export async function dialLiveView(url: string, protocol: string): Promise<LiveSocket> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, protocol, {
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES,
  });
  return {
    addEventListener: (type, listener) => socket.addEventListener(type, listener),
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onPing: (beat) => void socket.on('ping', beat),
  };
}
