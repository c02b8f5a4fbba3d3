import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { apiKeyRef, createFirstAdmin, newApiKey, newClaim, systemClock, userRef } from '@runvoy/core';
import type { Role } from '@runvoy/protocol';
import { servedDocument } from '@runvoy/orchestrator/contracts';
import { openSqliteRecords } from '@runvoy/provider-local';
import { expect } from '@jest/globals';
import { follow, texts } from './follower.ts';
import { newDirectory, startServer, type Server } from './server.ts';

/** An answer as it came; `body` is its JSON, when it is some. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a hostile test expects, it says itself
  readonly body: any;
}

export interface Question {
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Keys and a claim as they lie in the store of a server that has seen some life. */
export interface Credentials {
  readonly admin: string;
  readonly developer: string;
  readonly revokedKey: string;
  readonly expiredKey: string;
  /** Of a user who was revoked. */
  readonly revokedUser: string;
  readonly expiredClaim: string;
}

/** One server that everything hostile is sent to, and that must be unharmed at the end. */
export interface HostileWorld extends AsyncDisposable {
  readonly server: Server;
  readonly credentials: Credentials;
  readonly port: number;
  /** Sends exactly this, with the admin's key unless `headers` name another; nothing is normalised on the way. */
  ask(method: string, path: string, question?: Question): Promise<Answer>;
  /** The same with a JSON body. */
  post(path: string, value: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A bare connection. */
  connect(): Promise<Socket>;
  /** Sends bytes and resolves with everything that came until the server closed. */
  raw(bytes: string | Buffer): Promise<string>;
  /** From now on no log may hold this text. */
  keepSecret(text: string): string;
  /** The same process answers, runs a command, has said nothing on stderr and has written no secret into its log. */
  expectUnharmed(): Promise<void>;
}

const ADMIN = 'admin@example.com';

/** Starts a server over a store that holds living, expired and revoked credentials. */
export async function openHostileWorld(): Promise<HostileWorld> {
  const dataDir = newDirectory();
  const credentials = await storeCredentials(join(dataDir, 'runvoy.sqlite'));
  const server = await startServer({ dataDir, key: credentials.admin, env: { RUNVOY_LOG_LEVEL: 'debug' } });
  const port = Number(new URL(server.ready.api_url).port);
  const secrets = new Set<string>(Object.values(credentials));
  let stderr = '';
  server.process.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));

  const document = servedDocument(server.ready.api_url);
  const ask = async (method: string, path: string, { headers = {}, body }: Question = {}): Promise<Answer> => {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const sent = request({
        method,
        path,
        port,
        host: '127.0.0.1',
        headers: {
          'X-API-Key': credentials.admin,
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          ...headers,
        },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
        });
      });
      sent.end(body);
    });
    await document.check({ method, url: path, status: answer.status, headers: answer.headers, body: answer.text });
    return answer;
  };
  const connectOnce = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return {
    server,
    credentials,
    port,
    ask,
    post: (path, value, headers = {}) => ask('POST', path, { headers, body: JSON.stringify(value) }),
    connect: connectOnce,
    raw: async (bytes) => {
      const socket = await connectOnce();
      const received = everything(socket);
      socket.write(bytes);
      return received;
    },
    keepSecret: (text) => {
      secrets.add(text);
      return text;
    },
    expectUnharmed: async () => {
      expect((await ask('GET', '/api/v1/health')).body).toMatchObject({ status: 'ok' });
      const run = await server.run('echo ok');
      expect(texts(await follow(run.websocket_url).done)).toEqual(['ok']);
      expect([server.process.exitCode, server.process.signalCode, stderr]).toEqual([null, null, '']);
      const logFile = join(dataDir, 'server.log');
      const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
      for (const secret of secrets) expect(log.includes(secret) && secret).toBe(false);
      // Nothing above is a fault of the server's own.
      expect(log.match(/^.*"severity":"ERROR".*$/m)?.[0]).toBeUndefined();
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Everything a connection brings until the other side closes it. */
export async function everything(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  await once(socket, 'close');
  return received;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function storeCredentials(database: string): Promise<Credentials> {
  await using records = openSqliteRecords(database);
  const deps = { records, clock: systemClock, random: randomBytes };
  const nowMs = Date.now();
  const first = await createFirstAdmin(deps, { email: ADMIN, key_name: 'test', request_id: 'test' });
  const addUser = (email: string, role: Role, revoked: boolean) =>
    records.create(userRef(email), {
      email,
      role,
      revoked,
      created_at_ms: nowMs,
      created_by_request_id: 'test',
      modified_by_request_id: 'test',
    });
  const addKey = async (user_email: string, changes: { revoked?: boolean; expires_at_ms?: number } = {}) => {
    const { text, key } = newApiKey(randomBytes, { user_email, name: 'test', nowMs });
    await records.create(apiKeyRef(key.key_id), { ...key, ...changes });
    return text;
  };
  await addUser('developer@example.com', 'developer', false);
  await addUser('gone@example.com', 'admin', true);
  const claim = newClaim(randomBytes, { user_email: ADMIN, key_name: 'test', nowMs: nowMs - 15 * 60_000 });
  await records.create(claim.ref, claim.claim);
  return {
    admin: first!.api_key,
    developer: await addKey('developer@example.com'),
    revokedKey: await addKey(ADMIN, { revoked: true }),
    expiredKey: await addKey(ADMIN, { expires_at_ms: nowMs }),
    revokedUser: await addKey('gone@example.com'),
    expiredClaim: claim.token,
  };
}
