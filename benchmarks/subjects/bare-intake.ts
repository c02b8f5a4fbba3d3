import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { signedText, type LogsMessage } from '@runvoy/protocol';
import { reportToBench } from '../subject.ts';

// The floor of the intake: Node's HTTP on a Unix socket, the body parsed, its MAC compared, and one insert of it; what came meanwhile
// is committed together. Argument: a directory, and the hex key that signs.
const [directory, key] = process.argv.slice(2) as [string, string];
const database = new DatabaseSync(join(directory, 'bare.sqlite'));
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
database.exec('CREATE TABLE batches (id TEXT PRIMARY KEY, body BLOB NOT NULL)');
const insert = database.prepare('INSERT INTO batches (id, body) VALUES (?, ?)');

let waiting: (readonly [id: string, body: Buffer, stored: () => void])[] = [];
function commit(): void {
  const group = waiting;
  waiting = [];
  database.exec('BEGIN IMMEDIATE');
  for (const [id, body] of group) insert.run(id, body);
  database.exec('COMMIT');
  for (const [, , stored] of group) stored();
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const message = JSON.parse(body.toString()) as LogsMessage;
    const id = request.url!.split('/')[4]!;
    const mac = createHmac('sha256', Buffer.from(key, 'hex'))
      .update(signedText('logs', id, message))
      .digest('hex');
    if (mac !== message.mac) return response.writeHead(401).end();
    if (waiting.length === 0) setImmediate(commit);
    const answer = JSON.stringify({ acked_through: message.lines.at(-1)!.seq });
    waiting.push([`${id}-${message.from}`, body, () => response.end(answer)]);
  });
});
const path = join(directory, 'bare.sock');
server.listen(path, () => reportToBench({ path, pid: String(process.pid) }));
