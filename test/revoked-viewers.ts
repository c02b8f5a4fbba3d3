import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apiKeyRef, recordsLiveFeed, type Records, type SigningKeys } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { STREAM_PROTOCOL, type KeyBody, type LogsBody, type Role, type RunAnswer } from '@runvoy/protocol';
import { newHttpApp, silentLogger } from '@runvoy/runtime';
import { buildLiveView, mountLiveView } from '@runvoy/websocket';
import { WebSocket } from 'ws';
import { openWorld, type World } from '../services/orchestrator/test/world.ts';

/** A store, and how many processes serve live views of it. Each is opened by a process of its own. */
export interface Place {
  readonly instances: number;
  open(): Records & { close(): void | Promise<void> };
}

export const SIGNING_KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };
/** What the architecture promises: a right that is gone ends open streams within this time. */
export const PROMISED_MS = 30_000;
export const REVOKED = 1008;

/** What takes a right away, by whom, and what the next request is answered. */
const DEEDS: readonly {
  readonly name: string;
  readonly role: Role;
  readonly nextStatus: number;
  deed(world: World, viewer: { readonly email: string; readonly keyId: string; readonly key: string }): unknown;
}[] = [
  {
    name: 'the user is revoked',
    role: 'operator',
    nextStatus: 401,
    deed: (world, { email }) => world.call('POST', '/api/v1/users/revoke', { email }),
  },
  {
    name: 'the user gets a role that may not read runs of others',
    role: 'operator',
    nextStatus: 403,
    deed: (world, { email }) => world.call('PUT', `/api/v1/users/${email}/role`, { role: 'viewer' }),
  },
  {
    name: 'the key is revoked',
    role: 'operator',
    nextStatus: 401,
    deed: (world, { keyId }) => world.call('DELETE', `/api/v1/keys/${keyId}`),
  },
  {
    name: 'the key is replaced by another',
    role: 'operator',
    nextStatus: 401,
    deed: (world, { keyId, key }) => world.call('POST', `/api/v1/keys/${keyId}/rotate`, undefined, key),
  },
  {
    name: 'the key expires',
    role: 'operator',
    nextStatus: 401,
    deed: async (world, { keyId }) => {
      const stored = (await world.records.get(apiKeyRef(keyId)))!;
      const ended = { ...stored.value, expires_at_ms: world.clock.now() };
      return world.records.compareAndSet(apiKeyRef(keyId), stored.version, ended);
    },
  },
];

/** A right that is taken away is gone at the next request, and at open streams within 30 s, on every instance. */
export function revokedViewers(place: Place): void {
  let world: World;
  let views: readonly Awaited<ReturnType<typeof serveViews>>[];
  beforeAll(async () => {
    world = await openWorld({}, undefined, { signingKeys: SIGNING_KEYS }, place.open());
    views = await Promise.all(Array.from({ length: place.instances }, () => serveViews(place.open(), world)));
  }, 60_000);
  afterAll(async () => {
    for (const view of views ?? []) await view.close();
    await world?.[Symbol.asyncDispose]();
  });

  /** A stream on each instance, opened by this key. */
  async function watching(executionId: string, key: string) {
    const { websocket_url } = (
      await world.call('GET', `/api/v1/executions/${executionId}/logs`, undefined, key)
    ).json<LogsBody>();
    const query = websocket_url!.replace(/^.*\?/, '');
    const urls = views.map(({ url }) => `${url}/stream?${query}`);
    return { urls, streams: await Promise.all(urls.map(opened)) };
  }

  describe.each(DEEDS)('when $name', (taking) => {
    const { name, role, nextStatus } = taking;
    test('the next request is refused, and open streams end within 30 s; those of others go on', async () => {
      const email = `${name.replaceAll(/\W+/g, '-')}@example.com`;
      const key = await world.keyOf(email, role);
      const keyId = /^rvy_([^_]+)/.exec(key)![1]!;
      const { execution_id } = (await world.call('POST', '/api/v1/run', { command: 'x' })).json<RunAnswer>();
      const theirs = await watching(execution_id, key);
      const ours = await watching(execution_id, world.adminKey);

      await taking.deed(world, { email, keyId, key });
      const next = await world.call('GET', `/api/v1/executions/${execution_id}/status`, undefined, key);
      expect(next.statusCode).toBe(nextStatus);
      // The ticket was given while they might: it opens nothing any more.
      for (const url of theirs.urls) await expect(opened(url)).rejects.toThrow(/Unexpected server response: 40[13]/);

      const closed = theirs.streams.map(async (stream) => (await once(stream, 'close'))[0] as number);
      world.clock.advance(PROMISED_MS);
      expect(await Promise.all(closed)).toEqual(views.map(() => REVOKED));
      expect(ours.streams.map(({ readyState }) => readyState)).toEqual(views.map(() => WebSocket.OPEN));
      for (const stream of ours.streams) stream.terminate();
    });
  });

  test('a user who is given more may do more at the next request', async () => {
    const email = 'more@example.com';
    const key = await world.keyOf(email, 'viewer');
    const keys = () => world.call('GET', '/api/v1/users', undefined, key);
    expect((await keys()).statusCode).toBe(403);
    await world.call('PUT', `/api/v1/users/${email}/role`, { role: 'operator' });
    expect((await keys()).statusCode).toBe(200);
    const { key: own } = (await world.call('GET', '/api/v1/whoami', undefined, key)).json<{ key: KeyBody }>();
    expect(own.user).toBe(email);
  });
}

/** One process of the live view, on a port of its own. */
async function serveViews(records: ReturnType<Place['open']>, { clock }: World) {
  const view = buildLiveView({
    records,
    archive: new MemoryArchive(),
    feed: recordsLiveFeed(records),
    signingKeys: SIGNING_KEYS,
    clock,
    logger: silentLogger,
    allowedOrigins: () => false,
  });
  const app = newHttpApp({ logger: silentLogger });
  mountLiveView(app, view);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url: address.replace(/^http/, 'ws'),
    async close() {
      const closing = view.close();
      clock.advance(10_000);
      await closing;
      await app.close();
      await records.close();
    },
  };
}

/** Resolves when the first frame is there: then it is served. */
export async function opened(url: string): Promise<WebSocket> {
  const stream = new WebSocket(url, STREAM_PROTOCOL);
  await Promise.race([
    once(stream, 'message'),
    // By hand: once() rejects by itself, and a refusal is what some ask for.
    new Promise((_, reject) => stream.once('error', reject)),
  ]);
  stream.on('error', () => undefined);
  return stream;
}
