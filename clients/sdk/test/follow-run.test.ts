import { expect, test } from '@jest/globals';
import type { LogGap, LogLine, StatusFrame } from '@runvoy/protocol';
import { WebSocket } from 'ws';
import { errorOf, RunvoyClient } from '../src/client.ts';
import { followRun, LogTally, platformConnect, type Connect, type EndEvent } from '../src/follow.ts';
import { FakeServer, RUN_ID } from '../contracts/index.ts';

/** A socket that shows pings and can be held back, as the CLI's. */
const wsConnect: Connect = (url, protocol) => {
  const socket = new WebSocket(url, protocol);
  return {
    addEventListener: (type, listener) => socket.addEventListener(type, listener),
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onPing: (beat) => void socket.on('ping', beat),
  };
};

interface Following {
  readonly url?: string;
  readonly giveUpMs?: number;
  readonly connect?: Connect;
}

/** Follows the run of a fake server without waiting longer than a moment anywhere. */
function following(server: FakeServer, { url, giveUpMs, connect = wsConnect }: Following = { url: server.streamUrl }) {
  const lines: LogLine[] = [];
  const gaps: LogGap[] = [];
  const states: StatusFrame[] = [];
  const connections: string[] = [];
  const tally = new LogTally();
  const left = new AbortController();
  const events = followRun(new RunvoyClient({ endpoint: server.url, apiKey: 'k' }), RUN_ID, {
    url,
    tally,
    connect,
    signal: left.signal,
    pause: () => new Promise((resolve) => void setImmediate(resolve)),
    random: () => 0,
    ...(giveUpMs === undefined ? {} : { giveUpMs }),
  });
  const read = async (): Promise<EndEvent | undefined> => {
    for await (const event of events) {
      if (event.type === 'lines') lines.push(...event.lines);
      else if (event.type === 'gap') gaps.push({ from: event.from, to: event.to });
      else if (event.type === 'status') states.push(event);
      else if (event.type === 'connection') connections.push(event.state);
      else if (event.type === 'end') return event;
    }
    return undefined;
  };
  return { lines, gaps, states, connections, tally, left, done: read(), texts: () => lines.map(({ text }) => text) };
}

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

function writeLetters(server: FakeServer): void {
  server.running();
  for (const letter of letters) server.write(letter);
}

test('a follower that joins in the middle sees every line once and proves the log', async () => {
  await using server = await FakeServer.open();
  server.write('a');
  const run = following(server);
  await server.until(() => server.saw('UPGRADE', '/stream'));
  server.write('b', 'stderr');
  server.end('SUCCEEDED', 0);
  const end = await run.done;
  expect(run.lines.map(({ stream, text }) => `${stream} ${text}`)).toEqual(['stdout a', 'stderr b']);
  expect(end).toMatchObject({
    run: { status: 'SUCCEEDED', duration_ms: 3_200 },
    last: { status: 'SUCCEEDED', exit_code: 0 },
  });
  expect(end?.verdict).toBe('verified');
});

test.each([1006, 1012, 1013])('a stream that breaks off with %d is resumed at the cursor', async (code) => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.cuts = [1, 2].map((afterFrames) => ({ afterFrames, code: code === 1006 ? 1011 : code }));
  server.end('FAILED', 3);
  const run = following(server);
  const end = await run.done;
  expect(run.texts()).toEqual(letters);
  expect(end?.verdict).toBe('verified');
  const cursors = server.requests
    .filter(({ method }) => method === 'UPGRADE')
    .map(({ path }) => path.split('after=')[1]);
  expect(cursors).toEqual(['0', '2', '6']);
});

test('a refused ticket is replaced by a fresh one', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.streamRefusals = [401];
  const run = following(server);
  await server.until(() => server.saw('UPGRADE', '/stream'));
  server.end('SUCCEEDED', 0);
  await run.done;
  expect(run.texts()).toEqual(letters);
  expect(server.saw('GET', `/executions/${RUN_ID}/logs?after=0&limit=`)).toBe(true);
});

test('where no live view can be opened the log is read by pages to its end', async () => {
  await using server = await FakeServer.open();
  server.streamRefusals = Array.from({ length: 1_000 }, () => 403);
  writeLetters(server);
  const run = following(server);
  await server.until(() => server.requests.length > 8);
  server.write('h');
  server.end('FAILED', 3, { reason: 'timeout' });
  const end = await run.done;
  expect(run.texts()).toEqual([...letters, 'h']);
  expect(end).toMatchObject({ last: { status: 'FAILED', reason: 'timeout' }, lines: 8 });
  expect(end?.verdict).toBe('verified');
});

test('a run that ended before is read without a live view', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.end('SUCCEEDED', 0);
  const run = following(server, {});
  const end = await run.done;
  expect(run.texts()).toEqual(letters);
  expect(end?.verdict).toBe('verified');
  expect(server.saw('UPGRADE', '/stream')).toBe(false);
});

test.each([
  ['live', true],
  ['by pages', false],
])('missing lines are named, read %s', async (_, isLive) => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.missing = [3, 4, 7];
  server.end('SUCCEEDED', 0);
  const run = following(server, isLive ? { url: server.streamUrl } : {});
  const end = await run.done;
  expect(run.texts()).toEqual(['a', 'b', 'e', 'f']);
  expect(run.gaps[0]).toEqual({ from: 3, to: 4 });
  expect(end?.verdict).toBe('gaps');
  expect(end && run.tally.missing(end)).toEqual([
    { from: 3, to: 4 },
    { from: 7, to: 7 },
  ]);
});

test('another SHA-256 than the runner stated is no proof', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.statedSha256 = '00';
  server.end('SUCCEEDED', 0);
  const run = following(server);
  const end = await run.done;
  expect(end?.verdict).toBe('mismatch');
});

test('a server that is gone is tried again, and given up only after a long silence', async () => {
  const server = await FakeServer.open();
  const { streamUrl } = server;
  const run = following(server, { url: streamUrl, giveUpMs: 100 });
  await server.until(() => server.saw('UPGRADE', '/stream'));
  await server[Symbol.asyncDispose]();
  await expect(run.done).rejects.toMatchObject({ code: 'SILENT' });
  expect(run.connections.at(0)).toBe('live');
  expect(run.connections.at(-1)).toBe('lost');
});

test('leaving ends the following at once', async () => {
  await using server = await FakeServer.open();
  const run = following(server);
  await server.until(() => server.saw('UPGRADE', '/stream'));
  run.left.abort();
  await expect(run.done).resolves.toBeUndefined();
});

test('whoever stops iterating hangs up', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  const api = new RunvoyClient({ endpoint: server.url });
  for await (const event of followRun(api, RUN_ID, { url: server.streamUrl, connect: wsConnect })) {
    if (event.type === 'lines') break;
  }
  await server.until(() => server.viewers === 0);
});

test.each([
  ['that can be held back', wsConnect],
  ['of the platform, which is closed and opened again at the cursor', platformConnect],
])('a reader that is slower than its server misses nothing, on a socket %s', async (_, connect) => {
  await using server = await FakeServer.open();
  server.running();
  const text = 'x'.repeat(300_000);
  for (let count = 0; count < 40; count++) server.write(text);
  server.end('SUCCEEDED', 0);
  const api = new RunvoyClient({ endpoint: server.url });
  const seen: number[] = [];
  let verdict: string | undefined;
  for await (const event of followRun(api, RUN_ID, { url: server.streamUrl, connect })) {
    // Every turn of the event loop brings more than one reader takes.
    await new Promise((resolve) => void setImmediate(resolve));
    if (event.type === 'lines') seen.push(...event.lines.map(({ seq }) => seq));
    if (event.type === 'end') verdict = event.verdict;
  }
  expect(seen).toEqual(Array.from({ length: 40 }, (__, index) => index + 1));
  expect(verdict).toBe('verified');
});

test('half frames and frames of a newer server are passed over', async () => {
  await using server = await FakeServer.open();
  server.noise = ['{"type":"lines","from":1,"li', 'null', '{"type":"from the future"}'];
  writeLetters(server);
  server.end('SUCCEEDED', 0);
  const run = following(server);
  expect((await run.done)?.verdict).toBe('verified');
  expect(run.texts()).toEqual(letters);
});

test('with nothing but what the platform has, a run is followed to its proven end', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.cuts = [{ afterFrames: 1, code: 1012 }];
  server.end('SUCCEEDED', 0);
  const run = following(server, { connect: platformConnect });
  expect((await run.done)?.verdict).toBe('verified');
  expect(run.texts()).toEqual(letters);
});

test('without an address the first event tells everything that is known, the place in the queue included', async () => {
  await using server = await FakeServer.open();
  server.queued({ place: 2, waiting: 5 });
  const api = new RunvoyClient({ endpoint: server.url });
  const events = followRun(api, RUN_ID, { connect: wsConnect });
  const first = await events.next();
  expect(first.value).toMatchObject({ type: 'run', run: { waiting_for: 'slot', queue: { place: 2, waiting: 5 } } });
  await events.return();
});

test('an answer that trying again cannot change ends the following', async () => {
  const unknown = errorOf({ status: 404, text: '{"error":"Not Found","code":"NOT_FOUND"}' }, 0);
  const api = { status: () => Promise.reject(unknown), logPage: () => Promise.reject(unknown) };
  await expect(followRun(api, RUN_ID).next()).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
});
