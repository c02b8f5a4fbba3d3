import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { archiveLogs, executionRef, recordsLiveFeed, SETTLE_MS, type Execution } from '@runvoy/core';
import { MemoryArchive } from '@runvoy/core/contracts/memory-archive';
import { openSqliteRecords } from '@runvoy/provider-local';
import { STREAM_PROTOCOL, type TicketBody } from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import { begin, end, linesOf, run, write } from '../../services/orchestrator/test/stored-log.ts';
import { openWorld, type World } from '../../services/orchestrator/test/world.ts';
import { buildLiveView, type LiveView } from '../../services/websocket/src/index.ts';
import { SIGNING_KEYS } from '../../services/websocket/test/live-world.ts';
import { runvoyHere } from './runvoy-here.ts';
import { readAnswer, readSocket, type LogReader } from './log-reader.ts';
import { WatchedLogStore } from './watched-log-store.ts';

const LINES = 50_000;
const LINES_A_CHUNK = 100;
const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** The API and the live view over one store that is watched. */
let world: World;
let store: WatchedLogStore;
let view: LiveView;
let viewServer: Server;
/** A log that is whole, one of which a hundred lines are missing for good, and one that lies in the archive. */
const logs = { whole: '', holed: '', sealed: '' };
beforeAll(async () => {
  const records = openSqliteRecords(':memory:');
  store = new WatchedLogStore(records, new MemoryArchive());
  const watched = new Proxy(store.records, {
    get: (target, name) => (name === 'close' ? () => records.close() : target[name as keyof typeof target]),
  }) as typeof records;
  const streamUrl = () => 'ws://localhost/stream';
  world = await openWorld({}, undefined, { signingKeys: SIGNING_KEYS, streamUrl, archive: store.archive }, watched);
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  view = buildLiveView({
    records: store.records,
    archive: store.archive,
    feed: recordsLiveFeed(store.records),
    clock: world.clock,
    signingKeys: SIGNING_KEYS,
    logger: silentLogger,
    allowedOrigins: () => true,
  });
  viewServer = createServer((asked, answer) => void view.serveEvents(asked, answer));
  viewServer.on('upgrade', (asked, socket, head) => view.handleUpgrade(asked, socket, head));
  logs.sealed = await longLog();
  await seal();
  logs.whole = await longLog();
  logs.holed = await longLog(20_000);
  world.clock.advance(SETTLE_MS);
  // What a log amounts to is worked out once, at its end or by the first who asks.
  for (const id of Object.values(logs)) await world.call('GET', `/api/v1/executions/${id}/status`);
});
afterAll(async () => {
  await view.close();
  await world[Symbol.asyncDispose]();
});

/** The texts of a log that does not compress, so that no door gets all of it into its buffers. */
const texts = Array.from({ length: LINES }, (_, at) => createHash('sha512').update(String(at)).digest('base64'));

async function longLog(missing?: number): Promise<string> {
  const id = await run(world);
  await begin(world, id);
  const lines = linesOf(1, texts);
  for (let at = 0; at < LINES; at += LINES_A_CHUNK) {
    if (at !== missing) await write(world, id, lines.slice(at, at + LINES_A_CHUNK));
  }
  await end(world, id, lines);
  await world.records.transact(async (tx) => {
    const execution = (await tx.get(executionRef(id)))!;
    tx.set(executionRef(id), { ...execution, completed_at_ms: world.clock.now() });
  });
  return id;
}

/** What has ended lies in segments, and its records are gone. */
async function seal(): Promise<void> {
  const fail = (error: unknown) => {
    throw error;
  };
  const deps = { ...world, archive: store.archive };
  world.clock.advance(SETTLE_MS);
  await archiveLogs(deps, fail);
  world.clock.advance(10 * DAY_MS);
  const { removed } = await archiveLogs(deps, fail);
  if (removed !== LINES / LINES_A_CHUNK) throw new Error(`${removed} records of chunks were removed`);
}

const ofApi = (id: string, path: string, headers = {}) =>
  readAnswer(world.app.server, `/api/v1/executions/${id}${path}`, { 'x-api-key': world.adminKey, ...headers });

async function ticketOf(id: string): Promise<TicketBody> {
  return (await world.call('POST', `/api/v1/executions/${id}/ticket`)).json<TicketBody>();
}

/** What a door reads at most before somebody takes it, however long the log is. */
interface Door {
  readonly open: (id: string) => Promise<LogReader>;
  readonly ahead: number;
}

/** Pages of 16 chunks: one that is read, one that is being sent, and what its compressor holds. */
const API_AHEAD = 2 * MIB;
/** A page of 16 chunks. */
const PAGE = MIB / 4;
/** What a viewer may have before it, and a page that did not fit. */
const VIEW_AHEAD = 4 * MIB;

const STREAMS: Readonly<Record<string, Door>> = {
  'the log in the shape of runvoy on AWS': { open: async (id) => ofApi(id, '/logs'), ahead: API_AHEAD },
  'logs.txt': { open: async (id) => ofApi(id, '/logs.txt'), ahead: API_AHEAD },
  'logs.txt with its progress collapsed': {
    open: async (id) => ofApi(id, '/logs.txt?collapse=true'),
    ahead: API_AHEAD,
  },
  'logs.txt in zstd': { open: async (id) => ofApi(id, '/logs.txt', { 'accept-encoding': 'zstd' }), ahead: API_AHEAD },
  'logs.txt in gzip': { open: async (id) => ofApi(id, '/logs.txt', { 'accept-encoding': 'gzip' }), ahead: API_AHEAD },
  'server-sent events': {
    async open(id) {
      const { pathname, search } = new URL((await ticketOf(id)).events_url);
      return readAnswer(viewServer, `${pathname}${search}`, {});
    },
    ahead: VIEW_AHEAD,
  },
  'frames of runvoy.v2': {
    open: async (id) => readSocket(viewServer, (await ticketOf(id)).websocket_url, STREAM_PROTOCOL),
    ahead: VIEW_AHEAD,
  },
  'bare frames': {
    open: async (id) => readSocket(viewServer, (await ticketOf(id)).websocket_url),
    ahead: VIEW_AHEAD,
  },
};

const PAGES: Readonly<Record<string, Door>> = {
  'a page of lines': { open: async (id) => ofApi(id, '/logs?after=0&limit=1000'), ahead: API_AHEAD },
  'a page from the middle': { open: async (id) => ofApi(id, '/logs?after=25000&limit=1000'), ahead: API_AHEAD },
  'the last lines': { open: async (id) => ofApi(id, '/logs?tail=1000'), ahead: API_AHEAD },
};

beforeEach(() => {
  store.bytesRead = 0;
  store.beforePage = () => undefined;
});

describe.each([
  ['is whole', 'whole'],
  ['has a hole', 'holed'],
  ['lies in the archive', 'sealed'],
] as const)('of 50,000 lines of a log that %s', (_, name) => {
  test.each(Object.entries({ ...STREAMS, ...PAGES }))(
    '%s reads the first before it answers, no more while nobody takes them, and none for who has left',
    async (_door, { open, ahead }) => {
      const reader = await open(logs[name]);
      await reader.begun;
      expect(store.bytesRead).toBeGreaterThan(0);
      expect(store.bytesRead).toBeLessThanOrEqual(ahead);
      await store.untilStill();
      expect(store.bytesRead).toBeLessThanOrEqual(ahead);
      const read = store.bytesRead;
      reader.leave();
      await store.untilStill();
      expect(store.bytesRead - read).toBeLessThanOrEqual(PAGE);
      await store.untilClosed();
    },
  );
});

test.each(Object.entries(STREAMS))(
  '%s is never further ahead of a slow reader, from the first line of the log to the last',
  async (_door, { open, ahead }) => {
    const seen: { readonly read: number; readonly taken: number }[] = [];
    const reader = await open(logs.whole);
    store.beforePage = () => void seen.push({ read: store.bytesRead, taken: reader.taken });
    await reader.begun;
    await reader.takeSlowly();
    expect(store.bytesRead).toBeGreaterThan(6 * MIB);
    // What is read has another size than what is sent: compared is how much of the whole each is.
    const furthest = seen.map(({ read, taken }) => read - (taken / reader.taken) * store.bytesRead);
    expect(Math.max(...furthest)).toBeLessThanOrEqual(ahead);
  },
);

test.each([
  ['a search', '/logs/search?q=nowhere'],
  ['a check of the whole', '/logs/verify'],
])('%s ends when whoever asked has left', async (_door, path) => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let pages = 0;
  store.beforePage = async () => {
    pages += 1;
    if (pages < 3) return;
    begun.resolve();
    await held.promise;
  };
  const reader = ofApi(logs.whole, path);
  await begun.promise;
  reader.leave();
  await store.untilStill();
  held.resolve();
  await store.untilStill();
  expect(pages).toBe(3);
});

test('who leaves while a log is read to say whether it is whole lets that be said, and is sent nothing', async () => {
  await world.records.transact(async (tx) => {
    const { log_assessed: _, ...execution } = (await tx.get(executionRef(logs.holed)))!;
    tx.set(executionRef(logs.holed), execution);
  });
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  store.beforePage = () => {
    begun.resolve();
    return held.promise;
  };
  const said = nextState(logs.holed, ({ log_assessed }) => log_assessed !== undefined);
  const reader = ofApi(logs.holed, '/logs.txt');
  await begun.promise;
  reader.leave();
  await store.untilStill();
  held.resolve();
  expect((await said).log_assessed).toMatchObject({ completeness: 'gaps', gaps: [{ from: 20_001, to: 20_100 }] });
  const read = store.bytesRead;
  await store.untilStill();
  expect(store.bytesRead).toBe(read);
});

test('runvoy logs asks for no more pages than whoever reads its output takes', async () => {
  const { port } = world.app.server.address() as AddressInfo;
  const access = { endpoint: `http://127.0.0.1:${port}`, apiKey: world.adminKey };
  const stdout = new PassThrough();
  const ended = runvoyHere(['logs', logs.whole], access, false, stdout);
  await once(stdout, 'readable');
  await store.untilStill();
  expect(store.bytesRead).toBeLessThanOrEqual(API_AHEAD);
  stdout.destroy(new Error('nobody reads'));
  await ended;
});

/** Resolves with the run as soon as it is so. */
function nextState(id: string, isSo: (execution: Execution) => boolean): Promise<Execution> {
  return new Promise((resolve, reject) => {
    const leave = world.records.watch(executionRef(id), {
      changed: ([change]) => {
        if (change?.kind !== 'present' || !isSo(change.value)) return;
        leave();
        resolve(change.value);
      },
      failed: reject,
    });
  });
}
