import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Fastify from 'fastify';
import { reportToBench } from '../subject.ts';

// The floor of a submit: Fastify as it comes, a body with a schema, one durable insert.
const database = new DatabaseSync(join(process.argv[2]!, 'bare.sqlite'));
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
database.exec('CREATE TABLE runs (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
const insert = database.prepare('INSERT INTO runs (id, body) VALUES (?, ?)');

const app = Fastify();
const body = { type: 'object', required: ['command'], properties: { command: { type: 'string' } } };
app.post('/api/v1/run', { schema: { body } }, async (request, reply) => {
  const id = randomBytes(16).toString('hex');
  insert.run(id, JSON.stringify(request.body));
  reply.code(202);
  return { execution_id: id };
});
reportToBench({ url: await app.listen({ host: '127.0.0.1', port: 0 }), key: '' });
