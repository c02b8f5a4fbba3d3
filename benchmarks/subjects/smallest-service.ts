import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocketServer, type WebSocket } from 'ws';
import { reportToBench } from '../subject.ts';

// The smallest service of our shape: HTTP in, the run and its output durable in SQLite, a shell, a WebSocket out. It checks
// nothing, outlives nothing and proves nothing.
const database = new DatabaseSync(join(process.argv[2]!, 'smallest.sqlite'));
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
database.exec('CREATE TABLE runs (id TEXT PRIMARY KEY, command TEXT); CREATE TABLE output (id TEXT, text TEXT)');
const insertRun = database.prepare('INSERT INTO runs VALUES (?, ?)');
const insertOutput = database.prepare('INSERT INTO output VALUES (?, ?)');
const outputOf = database.prepare('SELECT text FROM output WHERE id = ?');
const followers = new Map<string, WebSocket>();

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const id = randomBytes(16).toString('hex');
    const { command } = JSON.parse(body) as { command: string };
    insertRun.run(id, command);
    const { port } = server.address() as AddressInfo;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ execution_id: id, websocket_url: `ws://127.0.0.1:${port}/${id}` }));
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => {
      insertOutput.run(id, chunk.toString());
      followers.get(id)?.send(chunk.toString());
    });
  });
});
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, request) => {
  const id = request.url!.slice(1);
  followers.set(id, socket);
  socket.on('close', () => followers.delete(id));
  for (const { text } of outputOf.all(id)) socket.send(text as string);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
reportToBench({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
