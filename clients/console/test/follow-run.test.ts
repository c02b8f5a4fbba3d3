import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  digestRow,
  type ExecutionStatus,
  type ExecutionStatusBody,
  type LogLine,
  type LogsBody,
  type StreamFrame,
} from '@runvoy/protocol';
import { errorOf, unreachable } from '@runvoy/sdk/client';
import type { LiveSocket } from '@runvoy/sdk/follow';
import { followRun, type FollowDeps } from '../src/follow-run.ts';
import { RunState } from '../src/run-state.ts';

const ID = 'e1';
const digest = (lines: readonly LogLine[]) => createHash('sha256').update(lines.map(digestRow).join('')).digest('hex');
const line = (seq: number): LogLine => ({ seq, stream: 'stdout', ms: seq, text: `line ${seq}` });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => line(index + 1));
const hello: StreamFrame = { type: 'hello', execution_id: ID, status: 'RUNNING', head: 0, tail: 0 };
const linesFrame = (...seqs: number[]): StreamFrame => ({ type: 'lines', from: seqs[0]!, lines: seqs.map(line) });

class FakeSocket extends EventTarget implements LiveSocket {
  close() {}
  say(frame: StreamFrame | string) {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    this.dispatchEvent(new MessageEvent('message', { data: text }));
  }
  drop() {
    this.dispatchEvent(new Event('close'));
  }
}

/** A server that holds lines and a status; each dialled stream runs the next script. */
class FakeServer {
  lines: LogLine[] = [];
  status: ExecutionStatus = 'RUNNING';
  settled = true;
  pageSize = 3;
  failures: unknown[] = [];
  scripts: Array<(socket: FakeSocket) => void> = [];
  dialled: string[] = [];
  pauses: number[] = [];
  onPause: () => void = () => undefined;

  deps(): FollowDeps {
    return {
      api: {
        status: async () => {
          if (this.failures.length > 0) throw this.failures.shift();
          return this.#body();
        },
        logPage: async (_, after) => {
          if (this.failures.length > 0) throw this.failures.shift();
          return this.#page(after);
        },
      },
      connect: (url) => {
        this.dialled.push(url);
        const socket = new FakeSocket();
        const script = this.scripts.shift();
        queueMicrotask(() => (script === undefined ? socket.drop() : script(socket)));
        return socket;
      },
      pause: async (ms) => {
        this.pauses.push(ms);
        this.onPause();
      },
      now: () => 0,
      random: () => 0,
    };
  }

  #body(): ExecutionStatusBody {
    return {
      execution_id: ID,
      status: this.status,
      command: 'echo',
      image_id: 'host',
      started_at: '2026-01-01T00:00:00Z',
      exit_code: null,
      isolation: 'process',
    };
  }

  #page(after: number): LogsBody {
    const rest = this.lines.filter((one) => one.seq > after);
    const events = rest.slice(0, this.pageSize);
    const over = this.status === 'SUCCEEDED' && this.settled && events.length === rest.length;
    return {
      execution_id: ID,
      status: this.status,
      events: events.map(({ seq, ms, text, stream }) => ({ event_id: `${seq}`, timestamp: ms, message: text, stream })),
      ...(this.status === 'RUNNING' ? { websocket_url: 'ws://host/stream?token=t' } : {}),
      ...(over ? { completeness: 'complete' as const, sha256: 'not it' } : { next_after: events.at(-1)?.seq ?? after }),
    };
  }
}

const follow = async (server: FakeServer, stop = new AbortController()) => {
  const state = new RunState(ID);
  await followRun(state, server.deps(), stop.signal);
  return state;
};
const seqs = (state: RunState) => state.log.lines.map((one) => one.seq);

test('an ended run is read by pages, without a stream', async () => {
  const server = new FakeServer();
  server.status = 'SUCCEEDED';
  server.lines = upTo(8);
  const state = await follow(server);
  expect(seqs(state)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(server.dialled).toEqual([]);
  expect(state.connection.kind).toBe('done');
  expect(state.seal?.kind).toBe('mismatch');
});

test('a live run is streamed from the cursor to its end and verified', async () => {
  const server = new FakeServer();
  server.lines = upTo(2);
  const sha256 = digest(upTo(4));
  server.scripts = [
    (socket) => {
      socket.say(hello);
      socket.say(linesFrame(3));
      socket.say('not a frame');
      socket.say('{"type":"from the future"}');
      socket.say(linesFrame(4));
      socket.say({ type: 'status', status: 'SUCCEEDED', exit_code: 0 });
      server.status = 'SUCCEEDED';
      socket.say({ type: 'end', lines: 4, sha256, completeness: 'complete' });
    },
  ];
  const state = await follow(server);
  expect(server.dialled).toEqual(['ws://host/stream?token=t&after=2']);
  expect(seqs(state)).toEqual([1, 2, 3, 4]);
  expect(state.seal?.title).toBe('complete, verified');
  expect(state.run?.status).toBe('SUCCEEDED');
});

test('a dropped stream is resumed after the last line, which is shown once', async () => {
  const server = new FakeServer();
  const drop = (socket: FakeSocket) => {
    socket.say(hello);
    socket.say(linesFrame(1, 2));
    server.lines = upTo(2);
    socket.drop();
  };
  const finish = async (socket: FakeSocket) => {
    socket.say(hello);
    socket.say(linesFrame(2, 3));
    socket.say({ type: 'end', lines: 3, sha256: digest(upTo(3)), completeness: 'complete' });
  };
  server.scripts = [drop, (socket) => void finish(socket)];
  const state = await follow(server);
  expect(server.dialled.map((url) => url.split('after=')[1])).toEqual(['0', '2']);
  expect(seqs(state)).toEqual([1, 2, 3]);
  expect(state.seal?.kind).toBe('verified');
});

test('an unreachable server is tried again, later each time, and the log stays', async () => {
  const server = new FakeServer();
  server.lines = upTo(2);
  const stop = new AbortController();
  const state = new RunState(ID);
  server.scripts = [(socket) => (socket.say(hello), socket.drop())];
  server.onPause = () => {
    server.failures = [unreachable('', new Error('refused'))];
    if (server.pauses.length === 4) stop.abort();
  };
  await followRun(state, server.deps(), stop.signal);
  expect(server.pauses).toEqual([100, 200, 400, 800]);
  expect(state.connection).toMatchObject({ kind: 'waiting', problem: { kind: 'unreachable' } });
  expect(seqs(state)).toEqual([1, 2]);
});

test('a key or an id that is refused is not tried again', async () => {
  const server = new FakeServer();
  server.failures = [errorOf({ status: 404, text: '' }, 0)];
  const state = await follow(server);
  expect(state.connection).toMatchObject({ kind: 'refused', problem: { kind: 'not_found' } });
  expect(server.pauses).toEqual([]);
});

test('a run being stopped is read by pages until it has ended and settled', async () => {
  const server = new FakeServer();
  server.status = 'TERMINATING';
  server.lines = upTo(1);
  server.onPause = () => {
    if (server.pauses.length === 1) {
      server.status = 'SUCCEEDED';
      server.settled = false;
      server.lines = upTo(2);
    } else {
      server.settled = true;
      server.lines = upTo(3);
    }
  };
  const state = await follow(server);
  expect(server.dialled).toEqual([]);
  expect(server.pauses).toEqual([1_000, 1_000]);
  expect(seqs(state)).toEqual([1, 2, 3]);
});

test('a gap frame is named in the log and in the seal', async () => {
  const server = new FakeServer();
  server.scripts = [
    (socket) => {
      socket.say(hello);
      socket.say(linesFrame(1));
      socket.say({ type: 'gap', from: 2, to: 3 });
      socket.say(linesFrame(4));
      socket.say({ type: 'end', lines: 4, sha256: 'x', completeness: 'gaps' });
    },
  ];
  const state = await follow(server);
  expect(state.log.gaps).toEqual([{ from: 2, to: 3 }]);
  expect(state.seal?.title).toBe('missing lines 2–3');
});

test('a status frame without a reason takes the old one back', () => {
  const state = new RunState(ID);
  state.described({
    execution_id: ID,
    status: 'STARTING',
    command: '',
    image_id: '',
    started_at: '',
    exit_code: null,
    isolation: 'process',
    waiting_for: 'a free slot',
  });
  state.statusChanged({ type: 'status', status: 'RUNNING' });
  expect(state.run).toMatchObject({ status: 'RUNNING', exit_code: null });
  expect(state.run).not.toHaveProperty('waiting_for');
});
