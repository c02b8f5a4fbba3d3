import { STREAM_CLOSE, STREAM_PROTOCOL, type EndFrame, type LogLine, type StreamFrame } from '@runvoy/protocol';

/** What a live view showed, from the first line to its end. */
export interface LiveLog {
  readonly lines: readonly LogLine[];
  readonly end: EndFrame;
}

const PAUSE_MS = 500;

/**
 * Follows a run by the URL of its live view until the end frame. A connection that is cut is opened again behind the last line, as
 * every client has to. Rejects when the signal ends first.
 */
export async function followLive(url: string, signal: AbortSignal): Promise<LiveLog> {
  const lines: LogLine[] = [];
  for (;;) {
    const end = await followOnce(`${url}&after=${lines.at(-1)?.seq ?? 0}`, lines, signal);
    if (end) return { lines, end };
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    signal.throwIfAborted();
  }
}

function followOnce(url: string, lines: LogLine[], signal: AbortSignal): Promise<EndFrame | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, STREAM_PROTOCOL);
    let end: EndFrame | undefined;
    const stop = () => {
      socket.close();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as StreamFrame;
      if (frame.type === 'lines') lines.push(...frame.lines);
      if (frame.type === 'end') end = frame;
    });
    socket.addEventListener('close', ({ code }) => {
      signal.removeEventListener('abort', stop);
      if (code === STREAM_CLOSE.revoked) reject(new Error('the live view refused the ticket'));
      else resolve(end);
    });
  });
}
