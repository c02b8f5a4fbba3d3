import type { EndFrame, StreamFrame } from '@runvoy/protocol';
import type { RunState } from './run-state.ts';

/** The part of a WebSocket that reading needs. */
export interface StreamSocket extends EventTarget {
  close(code?: number, reason?: string): void;
}

export interface StreamOutcome {
  /** The server said hello: whatever broke later was no refusal. */
  readonly opened: boolean;
  /** Set when the log ended. */
  readonly end: EndFrame | undefined;
}

/** Feeds a run's frames into `state` until the stream ends, breaks or `signal` aborts. Never rejects. */
export function readStream(socket: StreamSocket, state: RunState, signal: AbortSignal): Promise<StreamOutcome> {
  return new Promise((resolve) => {
    let opened = false;
    const finish = (end?: EndFrame) => {
      signal.removeEventListener('abort', abort);
      socket.close(1000);
      resolve({ opened, end });
    };
    const abort = () => finish();
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    socket.addEventListener('message', (event) => {
      const frame = parseFrame((event as MessageEvent<unknown>).data);
      if (frame === undefined || signal.aborted) return;
      switch (frame.type) {
        case 'hello':
          opened = true;
          state.connected({ kind: 'live' });
          break;
        case 'lines':
          state.received(frame.lines);
          break;
        case 'gap':
          state.missed(frame);
          break;
        case 'status':
          state.statusChanged(frame);
          break;
        case 'end':
          finish(frame);
          break;
        // No default: frames of a newer server are none of this page's business.
      }
    });
    // An error event says nothing and is always followed by a close.
    socket.addEventListener('close', () => finish());
  });
}

function parseFrame(text: unknown): StreamFrame | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text) as StreamFrame;
  } catch {
    return undefined;
  }
}
