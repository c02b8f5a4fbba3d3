import WebSocket from 'ws';
import { STREAM_PROTOCOL, type EndFrame, type LogLine, type StatusFrame, type StreamFrame } from '@runvoy/protocol';

/** Everything a follower saw until the stream ended. */
export interface Followed {
  readonly lines: readonly LogLine[];
  readonly statuses: readonly StatusFrame[];
  readonly gaps: readonly { from: number; to: number }[];
  readonly end: EndFrame | undefined;
  readonly closeCode: number;
}

export interface Follower {
  /** Resolves when a line satisfies `is`, seen already or to come. */
  line(is: (line: LogLine) => boolean): Promise<LogLine>;
  readonly done: Promise<Followed>;
}

/** Follows a run with typed frames. */
export function follow(websocketUrl: string, after = 0): Follower {
  const socket = new WebSocket(`${websocketUrl}&after=${after}`, STREAM_PROTOCOL);
  const lines: LogLine[] = [];
  const statuses: StatusFrame[] = [];
  const gaps: { from: number; to: number }[] = [];
  const waiting: { is: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = [];
  let end: EndFrame | undefined;
  socket.on('message', (text: Buffer) => {
    const frame = JSON.parse(text.toString()) as StreamFrame;
    if (frame.type === 'lines') {
      lines.push(...frame.lines);
      for (const line of frame.lines) for (const wait of waiting) if (wait.is(line)) wait.resolve(line);
    } else if (frame.type === 'status') statuses.push(frame);
    else if (frame.type === 'gap') gaps.push(frame);
    else if (frame.type === 'end') end = frame;
  });
  const done = new Promise<Followed>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (closeCode) => resolve({ lines, statuses, gaps, end, closeCode }));
  });
  done.catch(() => undefined);
  return {
    done,
    line: (is) => {
      const seen = lines.find(is);
      if (seen) return Promise.resolve(seen);
      return new Promise((resolve) => waiting.push({ is, resolve }));
    },
  };
}

/** The texts of the command's own lines. */
export function texts(followed: Pick<Followed, 'lines'>, stream?: 'stdout' | 'stderr'): string[] {
  return followed.lines
    .filter((line) => (stream ? line.stream === stream : line.stream !== 'system'))
    .map((line) => line.text);
}
