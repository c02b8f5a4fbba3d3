import { once } from 'node:events';
import {
  apiKeyRef,
  chunkRef,
  executionRef,
  Failure,
  issueTicket,
  manualClock,
  recordsLiveFeed,
  userRef,
  type Execution,
  type LogChunk,
  type Records,
  type SigningKeys,
  type Ticket,
} from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import type { Role } from '@runvoy/protocol';
import { newHttpApp, newLogger } from '@runvoy/runtime';
import { WebSocket, type ClientOptions } from 'ws';
import { buildLiveView, EVENTS_PATH, mountLiveView, type LiveViewDeps } from '../src/index.ts';
import { readEvents, type Events } from './event-reader.ts';
import { EXECUTION_ID, T0 } from './sample-execution.ts';

export const KEY_ID = 'a'.repeat(20);
export const ORIGIN = 'http://console.example.com';
export const SIGNING_KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };

/** A live view on a real loopback server, over a store in memory and a clock that the test holds. */
export async function openLiveWorld(changes: Partial<LiveViewDeps> = {}) {
  const clock = manualClock(T0);
  const records = openSqliteRecords(':memory:');
  const store = { isDown: false };
  const reached: Records = new Proxy<Records>(records, {
    get(target, name: keyof Records) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (name === 'get' && store.isDown) return () => Promise.reject(new Failure('STORE_UNAVAILABLE'));
      return method.bind(target);
    },
  });
  const logged: string[] = [];
  const opened: string[] = [];
  const feed = recordsLiveFeed(records);
  const logger = newLogger('debug', (line) => void logged.push(line));
  const view = buildLiveView({
    records: reached,
    archive: new MemoryArchive(),
    feed: {
      open: (executionId, after, listener) => {
        opened.push(executionId);
        const end = feed.open(executionId, after, listener);
        return () => {
          opened.splice(opened.indexOf(executionId), 1);
          end();
        };
      },
    },
    clock,
    signingKeys: SIGNING_KEYS,
    logger,
    allowedOrigins: (origin) => origin === ORIGIN,
    ...changes,
  });
  const app = newHttpApp({ logger });
  mountLiveView(app, view);
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const clients: Client[] = [];

  const world = {
    clock,
    records: records as Records,
    /** Whether single reads of the view fail. */
    storage: store,
    view,
    logged,
    /** Executions that are watched right now. */
    opened,

    async addUser(email: string, role: Role, keyId: string): Promise<void> {
      const at = { created_at_ms: T0, revoked: false };
      await records.create(userRef(email), {
        email,
        role,
        created_by_request_id: 'r0',
        modified_by_request_id: 'r0',
        ...at,
      });
      await records.create(apiKeyRef(keyId), { key_id: keyId, user_email: email, name: 'cli', hash: '', ...at });
    },

    async put(execution: Execution): Promise<void> {
      await records.transact(async (tx) => tx.set(executionRef(execution.execution_id), execution));
    },

    async store(...chunks: readonly LogChunk[]): Promise<void> {
      for (const chunk of chunks) await records.create(chunkRef(chunk.execution_id, chunk.from), chunk);
    },

    ticket(ticket: Partial<Ticket> = {}): string {
      const base = { execution_id: EXECUTION_ID, user_email: 'dev@example.com', key_id: KEY_ID };
      return issueTicket(SIGNING_KEYS, { ...base, expires_at_ms: clock.now() + 60_000, ...ticket });
    },

    /** Where live views are, without a ticket. */
    streamUrl: `ws://${address.host}/stream`,

    url(query: Record<string, string> = {}): string {
      const all = { execution_id: EXECUTION_ID, token: world.ticket(), ...query };
      return `ws://${address.host}/stream?${new URLSearchParams(all).toString()}`;
    },

    connect(query: Record<string, string> = {}, protocol?: string, options: ClientOptions = {}): Client {
      const client = new Client(world.url(query), protocol, options);
      clients.push(client);
      return client;
    },

    /** Reads the same as server-sent events. */
    events(query: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Events> {
      const all = { execution_id: EXECUTION_ID, token: world.ticket(), ...query };
      return readEvents(`${address.origin}${EVENTS_PATH}?${new URLSearchParams(all).toString()}`, headers);
    },

    async [Symbol.asyncDispose](): Promise<void> {
      for (const client of clients) client.ws.terminate();
      await view.close();
      app.server.closeAllConnections();
      await app.close();
      records.close();
    },
  };
  await world.addUser('dev@example.com', 'developer', KEY_ID);
  return world;
}

interface Seen {
  readonly type?: string;
  readonly [field: string]: unknown;
}

/** A viewer that keeps all it is sent. */
export class Client {
  readonly ws: WebSocket;
  readonly frames: Seen[] = [];
  readonly closed: Promise<{ readonly code: number }>;
  readonly refused: Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  constructor(url: string, protocol: string | undefined, options: ClientOptions) {
    this.ws = new WebSocket(url, protocol === undefined ? [] : [protocol], options);
    this.ws.on('error', () => undefined);
    this.ws.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Seen);
      const met = this.#waiting.filter(({ isMet }) => isMet());
      this.#waiting = this.#waiting.filter((waiter) => !met.includes(waiter));
      for (const { resolve } of met) resolve();
    });
    this.closed = new Promise((resolve) => this.ws.on('close', (code) => resolve({ code })));
    this.refused = new Promise((resolve) =>
      this.ws.on('unexpected-response', (_, response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }),
        );
      }),
    );
  }

  /** Resolves when what came so far is enough. */
  async until(isMet: (frames: readonly Seen[]) => boolean): Promise<void> {
    if (isMet(this.frames)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ isMet: () => isMet(this.frames), resolve }));
  }

  /** Resolves when the line of this number is here. */
  async untilLine(seq: number): Promise<void> {
    await this.until(() => (this.seqs.at(-1) ?? 0) >= seq);
  }

  /** Resolves when the server has seen everything sent until now, pongs too. */
  async heard(): Promise<void> {
    const answered = once(this.ws, 'pong');
    this.ws.ping();
    await answered;
  }

  get types(): (string | undefined)[] {
    return this.frames.map(({ type }) => type);
  }

  /** Numbers of the lines, whichever form they came in. */
  get seqs(): number[] {
    return this.frames.flatMap((frame) => {
      if (frame.type === 'lines') return (frame['lines'] as { seq: number }[]).map(({ seq }) => seq);
      return frame['event_id'] === undefined ? [] : [Number(frame['event_id'])];
    });
  }
}
