import WebSocket from 'ws';
import {
  STREAM_PROTOCOL,
  type EndFrame,
  type ExecutionStatusBody,
  type LogLine,
  type StreamFrame,
} from '@runvoy/protocol';

const AGAIN_AFTER_MS = 200;

/** What a follower has seen over all its connections. */
export interface SteadyFollower {
  readonly lines: readonly LogLine[];
  /** Lines that came a second time, or not in their turn. */
  readonly wrong: readonly LogLine[];
  readonly connections: number;
  /** Resolves when a line satisfies `is`, seen already or to come. */
  line(is: (line: LogLine) => boolean): Promise<void>;
  /** Resolves with the last frame and the last status. */
  readonly done: Promise<{ readonly end: EndFrame; readonly status: ExecutionStatusBody['status'] | undefined }>;
}

/** Follows a run to its end as the CLI does: whoever is cut off comes back with the number of the last line that it has. */
export function followSteadily(websocketUrl: string): SteadyFollower {
  const lines: LogLine[] = [];
  const wrong: LogLine[] = [];
  const waiting = new Set<() => void>();
  const done = Promise.withResolvers<Awaited<SteadyFollower['done']>>();
  let connections = 0;
  let status: ExecutionStatusBody['status'] | undefined;

  const take = (frame: StreamFrame) => {
    if (frame.type === 'status') ({ status } = frame);
    if (frame.type === 'lines')
      for (const line of frame.lines) {
        if (line.seq !== lines.length + 1) wrong.push(line);
        lines.push(line);
      }
    for (const look of waiting) look();
    if (frame.type === 'end') done.resolve({ end: frame, status });
    return frame.type === 'end';
  };
  const connect = () => {
    connections += 1;
    let isOver = false;
    const socket = new WebSocket(`${websocketUrl}&after=${lines.at(-1)?.seq ?? 0}`, STREAM_PROTOCOL);
    socket.on('message', (text: Buffer) => (isOver = take(JSON.parse(text.toString()) as StreamFrame) || isOver));
    // Whatever it was: the close follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!isOver) setTimeout(connect, AGAIN_AFTER_MS);
    });
  };
  connect();
  return {
    lines,
    wrong,
    get connections() {
      return connections;
    },
    done: done.promise,
    line: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (!lines.some(is)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
