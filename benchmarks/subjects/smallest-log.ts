import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocketServer, type WebSocket } from 'ws';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { reportToBench } from '../subject.ts';

// The smallest thing that stores what a command writes and shows it: it cuts lines, waits as long as a runner does, stores a batch
// durably and sends one frame a follower. It masks, signs, numbers across restarts and proves nothing, and has no second lane.
const BATCH_BYTES = 100 * 1_024;
const MOST_BUFFERED = 2 ** 20;
const [directory, batchMs, command] = process.argv.slice(2) as [string, string, string];

const database = new DatabaseSync(join(directory, `smallest-${process.pid}.sqlite`));
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
database.exec('CREATE TABLE chunks (first INTEGER PRIMARY KEY, body BLOB NOT NULL)');
const insert = database.prepare('INSERT INTO chunks (first, body) VALUES (?, ?)');

const sockets = new Set<WebSocket>();
const server = createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => STREAM_PROTOCOL });
/** Who only waits for the end. */
const waiting = new Set<WebSocket>();
webSockets.on('connection', (socket, { url = '' }) => {
  const those = url.includes('only_end') ? waiting : sockets;
  those.add(socket);
  socket.on('error', () => undefined).on('close', () => those.delete(socket));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const shell = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
let [seq, json, first, lastMs, rest] = [0, '', 1, -Infinity, ''];
let timer: NodeJS.Timeout | undefined;

shell.stdout.setEncoding('utf8').on('data', (piece: string) => {
  const texts = (rest + piece).split('\n');
  rest = texts.pop()!;
  const ms = Date.now();
  for (const text of texts) {
    const line = JSON.stringify({ seq: seq + 1, stream: 'stdout', ms, text });
    if (json.length + line.length > BATCH_BYTES) store();
    seq += 1;
    json += json === '' ? line : `,${line}`;
  }
  if (json === '' || timer) return;
  const waitMs = lastMs + Number(batchMs) - performance.now();
  if (waitMs <= 0) store();
  else timer = setTimeout(store, waitMs);
});
shell.stdout.on('end', () => {
  store();
  const end = JSON.stringify({ type: 'end', lines: seq, sha256: null, completeness: 'complete' });
  for (const socket of waiting) socket.send(end);
  send(end);
});

function store(): void {
  clearTimeout(timer);
  timer = undefined;
  lastMs = performance.now();
  if (json === '') return;
  insert.run(first, Buffer.from(json));
  send(`{"type":"lines","from":${first},"lines":[${json}]}`);
  [first, json] = [seq + 1, ''];
  if (isBehind(MOST_BUFFERED)) void waitForFollowers();
}

function send(text: string): void {
  const frame = Buffer.from(text);
  for (const socket of sockets) socket.send(frame, { binary: false });
}

function isBehind(bytes: number): boolean {
  for (const socket of sockets) if (socket.bufferedAmount > bytes) return true;
  return false;
}

/** The slowest sets the pace: to read from the store for one that is behind would be more than the smallest thing. */
async function waitForFollowers(): Promise<void> {
  shell.stdout.pause();
  while (isBehind(MOST_BUFFERED / 4)) await new Promise((resolve) => setTimeout(resolve, 1));
  shell.stdout.resume();
}

reportToBench({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?smallest` });
