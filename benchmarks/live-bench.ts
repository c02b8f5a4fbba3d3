import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  apiKeyRef,
  executionRef,
  issueTicket,
  recordsLiveFeed,
  systemClock,
  userRef,
  type FeedListener,
  type LiveFeed,
  type LogChunk,
  type SigningKeys,
} from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { openSqliteRecords, type SqliteRecords } from '@runvoy/provider-local';
import { silentLogger } from '@runvoy/runtime';
import { buildLiveView } from '@runvoy/websocket';
import { WebSocketServer, type WebSocket } from 'ws';
import { SAMPLE_OWNER, sampleExecution } from './sample-run.ts';
import { openSubject } from './subject.ts';

/** A server in this process with followers in another one. */
export interface Followed extends AsyncDisposable {
  /** Lets `count` more followers come; resolves when all are connected. Stalled ones read nothing afterwards. */
  follow(count: number, how?: 'reading' | 'stalled'): Promise<void>;
  /** Resolves when nothing is left to be sent to anybody. */
  sent(): Promise<void>;
}

export interface FollowedLiveView extends Followed {
  readonly records: SqliteRecords;
  readonly executionId: string;
  /** Tells the view of a chunk as if it had been stored. */
  show(chunk: LogChunk): void;
}

export interface FollowedSockets extends Followed {
  readonly sockets: ReadonlySet<WebSocket>;
}

const KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };
const KEY_ID = 'a'.repeat(20);

/** Our live view of one running execution. */
export async function openLiveView(database = ':memory:'): Promise<FollowedLiveView> {
  const records = openSqliteRecords(database);
  const { exit_code: _, completed_at_ms: __, ...sample } = sampleExecution(2);
  const running = { ...sample, status: 'RUNNING', unfinished: true } as const;
  const { execution_id } = running;
  await records.create(executionRef(execution_id), running);
  const at = { created_at_ms: 0, revoked: false };
  const by = { created_by_request_id: 'bench', modified_by_request_id: 'bench' };
  await records.create(userRef(SAMPLE_OWNER), { email: SAMPLE_OWNER, role: 'admin', ...by, ...at });
  await records.create(apiKeyRef(KEY_ID), { key_id: KEY_ID, user_email: SAMPLE_OWNER, name: 'cli', hash: '', ...at });
  const stored = recordsLiveFeed(records);
  const listeners = new Set<FeedListener>();
  const feed: LiveFeed = {
    open(id, after, listener) {
      listeners.add(listener);
      return stored.open(id, after, listener);
    },
  };
  const view = buildLiveView({
    records,
    archive: new MemoryArchive(),
    feed,
    clock: systemClock,
    signingKeys: KEYS,
    logger: silentLogger,
    allowedOrigins: () => true,
  });
  const token = issueTicket(KEYS, {
    execution_id,
    user_email: SAMPLE_OWNER,
    key_id: KEY_ID,
    expires_at_ms: Date.now() + 3_600_000,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => view.handleUpgrade(request, socket, head));
  const followed = await open(server, `/stream?execution_id=${execution_id}&token=${token}`);
  return {
    ...followed,
    records,
    executionId: execution_id,
    show: (chunk) => {
      for (const listener of listeners) listener.chunk(chunk);
    },
    async [Symbol.asyncDispose]() {
      await followed[Symbol.asyncDispose]();
      await view.close();
      records.close();
    },
  };
}

/** Nothing but `ws`: the floor of any live view. */
export async function openSockets(): Promise<FollowedSockets> {
  const sockets = new Set<WebSocket>();
  const server = createServer();
  const webSockets = new WebSocketServer({
    server,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: () => STREAM_PROTOCOL,
  });
  webSockets.on('connection', (socket) => {
    sockets.add(socket);
    // As every server does that must notice the end of one.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  return { ...(await open(server, '/')), sockets };
}

async function open(server: Server, path: string): Promise<Followed> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const crowds: AsyncDisposable[] = [];
  return {
    async follow(count, how = 'reading') {
      crowds.push(await openSubject('followers', String(port), path, String(count), how));
    },
    async sent() {
      while ([...connections].some((socket) => socket.writableLength > 0)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const crowd of crowds) await crowd[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}
