import { expect, test } from '@jest/globals';
import type { LogGap, LogLine, StatusFrame } from '@runvoy/protocol';
import { RunvoyApi } from '../src/api.ts';
import { followRun } from '../src/follow-run.ts';
import { readLiveStream } from '../src/live-stream.ts';
import { LogTally } from '../src/log-tally.ts';
import { FakeServer, RUN_ID } from './fake-server.ts';

/** Follows the run of a fake server as the CLI does, without waiting longer than a moment anywhere. */
function following(
  server: FakeServer,
  { url, giveUpMs }: { url?: string; giveUpMs?: number } = { url: server.streamUrl },
) {
  const lines: LogLine[] = [];
  const gaps: LogGap[] = [];
  const states: StatusFrame[] = [];
  const silences: boolean[] = [];
  const tally = new LogTally();
  const left = new AbortController();
  const sink = {
    lines: (more: readonly LogLine[]) => void lines.push(...more),
    gap: (gap: LogGap) => void gaps.push(gap),
    status: (frame: StatusFrame) => void states.push(frame),
    silent: (isSilent: boolean) => void silences.push(isSilent),
    full: () => undefined,
  };
  const deps = {
    api: new RunvoyApi({ endpoint: server.url, apiKey: 'k' }),
    readStream: readLiveStream,
    pause: (): Promise<void> => new Promise((resolve) => void setImmediate(resolve)),
    now: Date.now,
    random: () => 0,
    ...(giveUpMs === undefined ? {} : { giveUpMs }),
  };
  const done = followRun(deps, { id: RUN_ID, url, tally }, sink, left.signal);
  return { lines, gaps, states, silences, tally, left, done, texts: () => lines.map(({ text }) => text) };
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
  expect(end).toMatchObject({ kind: 'ended', last: { status: 'SUCCEEDED', exit_code: 0 } });
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('verified');
});

test.each([1006, 1012, 1013])('a stream that breaks off with %d is resumed at the cursor', async (code) => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.cuts = [1, 2].map((afterFrames) => ({ afterFrames, code: code === 1006 ? 1011 : code }));
  server.end('FAILED', 3);
  const run = following(server);
  const end = await run.done;
  expect(run.texts()).toEqual(letters);
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('verified');
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
  expect(end).toMatchObject({ kind: 'ended', last: { status: 'FAILED', reason: 'timeout' }, end: { lines: 8 } });
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('verified');
});

test('a run that ended before is read without a live view', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.end('SUCCEEDED', 0);
  const run = following(server, {});
  const end = await run.done;
  expect(run.texts()).toEqual(letters);
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('verified');
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
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('gaps');
  expect(end.kind === 'ended' && run.tally.missing(end.end)).toEqual([
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
  expect(end.kind === 'ended' && run.tally.judge(end.end)).toBe('mismatch');
});

test('a server that is gone is tried again, and given up only after a long silence', async () => {
  const server = await FakeServer.open();
  const { streamUrl } = server;
  const run = following(server, { url: streamUrl, giveUpMs: 100 });
  await server.until(() => server.saw('UPGRADE', '/stream'));
  await server[Symbol.asyncDispose]();
  await expect(run.done).resolves.toEqual({ kind: 'silent' });
  expect(run.silences).toEqual([true]);
});

test('leaving ends the following at once', async () => {
  await using server = await FakeServer.open();
  const run = following(server);
  await server.until(() => server.saw('UPGRADE', '/stream'));
  run.left.abort();
  await expect(run.done).resolves.toEqual({ kind: 'left' });
});

test('while there is no room nothing more is taken', async () => {
  await using server = await FakeServer.open();
  writeLetters(server);
  server.end('SUCCEEDED', 0);
  const room = Promise.withResolvers<void>();
  const seen: number[] = [];
  const tally = new LogTally();
  const sink = {
    lines: (more: readonly LogLine[]) => void seen.push(...more.map(({ seq }) => seq)),
    gap: () => undefined,
    status: () => undefined,
    silent: () => undefined,
    full: () => (seen.length === 0 ? undefined : room.promise),
  };
  const done = followRun(
    {
      api: new RunvoyApi({ endpoint: server.url }),
      readStream: readLiveStream,
      pause: async () => undefined,
      now: Date.now,
      random: () => 0,
    },
    { id: RUN_ID, url: server.streamUrl, tally },
    sink,
    new AbortController().signal,
  );
  await server.until(() => server.saw('UPGRADE', '/stream'));
  room.resolve();
  await done;
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
