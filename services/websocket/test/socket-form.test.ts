import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Writable, type Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { Frame, FrameForm } from '../src/frame-form.ts';
import { socketForm } from '../src/socket-form.ts';
import { typedForm } from '../src/typed-form.ts';
import { ViewerSocket } from '../src/viewer-socket.ts';
import { chunkOf, sampleLines } from './sample-execution.ts';

const CHUNK = chunkOf(sampleLines(1, 2));

/** Messages of these lengths, whatever is to be said. */
function saying(...lengths: readonly number[]): FrameForm {
  const messages = () => lengths.map((length) => Buffer.alloc(length, 'x'));
  return { hello: messages, status: messages, chunk: messages, lines: messages, gap: messages, end: messages };
}

describe('what a form says, as bytes on a WebSocket', () => {
  test('is read by a client as the messages it was made of, of every length, between pings and before the close', async () => {
    const lengths = [0, 1, 125, 126, 65_535, 65_536, 100_000];
    const server = createServer();
    const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    server.on('upgrade', (request, stream, head) => {
      webSockets.handleUpgrade(request, stream, head, (ws) => {
        const socket = new ViewerSocket(ws, stream);
        for (const length of lengths) {
          socket.send(socketForm(saying(length)).chunk(CHUNK));
          ws.ping();
        }
        socket.send(socketForm(saying(...lengths)).chunk(CHUNK));
        socket.close(1000, 'done');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const got: number[] = [];
    let pings = 0;
    client.on('ping', () => (pings += 1));
    client.on('message', (message: Buffer, isBinary) => {
      expect(isBinary).toBe(false);
      expect(message.equals(Buffer.alloc(message.length, 'x'))).toBe(true);
      got.push(message.length);
    });
    const [code] = (await once(client, 'close')) as [number];
    expect({ code, pings, got }).toEqual({ code: 1000, pings: lengths.length, got: [...lengths, ...lengths] });
    server.close();
  });

  test('is one piece, and nothing where the form has no word', () => {
    expect(socketForm(saying(1, 2, 3)).chunk(CHUNK)).toHaveLength(1);
    expect(socketForm(saying()).chunk(CHUNK)).toEqual([]);
  });

  test('says all that the form says', () => {
    const form = socketForm(typedForm);
    const textOf = ([frame]: readonly Frame[]) =>
      Buffer.from(frame!)
        .subarray(frame![1] === 126 ? 4 : 2)
        .toString();
    const gap = { type: 'gap', from: 1, to: 2 } as const;
    const status = { type: 'status', status: 'RUNNING' } as const;
    const hello = { type: 'hello', execution_id: 'a', status: 'RUNNING', head: 1, tail: 2 } as const;
    const end = { type: 'end', lines: 2, sha256: null, completeness: 'complete' } as const;
    const said = [form.hello(hello), form.status(status), form.gap(gap, 0), form.end(end)];
    expect(said.map((frames) => JSON.parse(textOf(frames)) as object)).toEqual([hello, status, gap, end]);
    const lines = sampleLines(1, 2);
    const written = [form.chunk(CHUNK), form.lines(lines)].map((frames) => JSON.parse(textOf(frames)) as object);
    expect(written).toEqual([
      { type: 'lines', from: 1, lines },
      { type: 'lines', from: 1, lines },
    ]);
  });
});

/** A connection whose network takes something when the test says so. */
function heldConnection() {
  const taken: (() => void)[] = [];
  const stream = new Writable({ highWaterMark: 1, write: (_piece, _encoding, done) => void taken.push(done) });
  const ws = Object.assign(new PassThrough(), {
    OPEN: 1,
    readyState: 1,
    pings: 0,
    ping: () => (ws.pings += 1),
    terminate: () => (ws.readyState = 3),
  });
  const socket = new ViewerSocket(ws as unknown as WebSocket, stream as unknown as Duplex);
  /** The network takes what was written first and not taken yet. */
  const take = async () => {
    taken.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { socket, ws, take };
}

describe('the connection of a viewer', () => {
  test('that answers no ping and takes something, however slowly, stays; one that takes nothing is ended', async () => {
    const { socket, ws, take } = heldConnection();
    for (let nth = 0; nth < 3; nth += 1) socket.send([Buffer.alloc(100)]);
    for (let round = 0; round < 3; round += 1) {
      socket.checkAlive();
      await take();
    }
    expect(socket.isOpen).toBe(true);
    socket.checkAlive();
    expect(socket.isOpen).toBe(true);
    expect(ws.pings).toBe(4);
    socket.checkAlive();
    expect(socket.isOpen).toBe(false);
  });

  test('says when what was sent is taken, also what was sent while somebody waited', async () => {
    const { socket, take } = heldConnection();
    const said: string[] = [];
    socket.send([Buffer.alloc(100)]);
    void socket.drained(0).then(() => said.push('taken'));
    socket.send([Buffer.alloc(50)]);
    expect(socket.bufferedBytes).toBe(150);
    await take();
    expect(said).toEqual([]);
    await take();
    await take();
    await take();
    expect(said).toEqual(['taken']);
    await socket.drained(0);
  });

  test('says so to who waits when it is closed', async () => {
    const { socket, ws } = heldConnection();
    socket.send([Buffer.alloc(100)]);
    const drained = socket.drained(0);
    ws.readyState = 3;
    ws.emit('close');
    await drained;
  });
});
