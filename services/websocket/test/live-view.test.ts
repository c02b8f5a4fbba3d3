import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { apiKeyRef, SETTLE_MS } from '@runvoy/core';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { KEY_ID, openLiveWorld, ORIGIN } from './live-world.ts';
import { chunkOf, ended, endRecordOf, EXECUTION_ID, sampleExecution, sampleLines, T0 } from './sample-execution.ts';

const V2 = STREAM_PROTOCOL;
const OTHER_ID = 'f'.repeat(32);

describe('runvoy.v2', () => {
  test('a viewer sees the history, then what comes, then the end', async () => {
    await using world = await openLiveWorld();
    const running = sampleExecution();
    const lines = sampleLines(1, 30);
    await world.put(running);
    await world.store(chunkOf(lines.slice(0, 10)));
    const viewer = world.connect({}, V2);
    await viewer.untilLine(10);
    await world.store(chunkOf(lines.slice(10, 11)), chunkOf(lines.slice(11)));
    await viewer.untilLine(30);
    await world.put(ended(running, T0, { end_record: endRecordOf(lines), log_proven: true }));
    expect(await viewer.closed).toEqual({ code: 1000 });
    expect(viewer.ws.protocol).toBe(V2);
    expect(viewer.frames).toEqual([
      { type: 'hello', execution_id: EXECUTION_ID, status: 'RUNNING', head: 1, tail: 10 },
      { type: 'status', status: 'RUNNING', reason_text: 'its command is running' },
      { type: 'lines', from: 1, lines: lines.slice(0, 10) },
      { type: 'lines', from: 11, lines: lines.slice(10, 11) },
      { type: 'lines', from: 12, lines: lines.slice(11) },
      {
        type: 'status',
        status: 'SUCCEEDED',
        reason_text: 'its command ended with exit code 0',
        exit_code: 0,
      },
      { type: 'end', lines: 30, sha256: endRecordOf(lines).sha256, completeness: 'complete' },
    ]);
  });

  test('a viewer that comes after the end sees everything and the end', async () => {
    await using world = await openLiveWorld();
    const lines = sampleLines(1, 200);
    await world.put(ended(sampleExecution(), T0, { end_record: endRecordOf(lines), log_proven: true }));
    for (const { seq } of lines) await world.store(chunkOf(lines.slice(seq - 1, seq)));
    const viewer = world.connect({}, V2);
    expect(await viewer.closed).toEqual({ code: 1000 });
    expect(viewer.seqs).toEqual(lines.map(({ seq }) => seq));
    expect(viewer.types.at(-1)).toBe('end');
  });

  test('a cursor inside a chunk gets the rest of it', async () => {
    await using world = await openLiveWorld();
    const lines = sampleLines(1, 10);
    await world.put(sampleExecution());
    await world.store(chunkOf(lines));
    const viewer = world.connect({ after: '7' }, V2);
    await viewer.untilLine(10);
    expect(viewer.frames[2]).toEqual({ type: 'lines', from: 8, lines: lines.slice(7) });
  });

  test('a log that is not proven ends after the settle window, with its missing lines named', async () => {
    await using world = await openLiveWorld();
    const lines = sampleLines(1, 9);
    const running = sampleExecution();
    await world.put(running);
    await world.store(chunkOf(lines.slice(0, 3)), chunkOf(lines.slice(6, 8)));
    const viewer = world.connect({}, V2);
    await viewer.untilLine(3);
    await world.put(ended(running, T0, { end_record: endRecordOf(lines) }));
    await viewer.until((frames) => frames.some((frame) => frame['status'] === 'SUCCEEDED'));
    expect(viewer.seqs).toEqual([1, 2, 3]);
    world.clock.advance(SETTLE_MS);
    expect(await viewer.closed).toEqual({ code: 1000 });
    expect(viewer.frames.slice(-4)).toMatchObject([
      { type: 'gap', from: 4, to: 6 },
      { type: 'lines', from: 7 },
      { type: 'gap', from: 9, to: 9 },
      { type: 'end', lines: 9, completeness: 'gaps' },
    ]);
  });

  test('a run that never had a runner ends at once', async () => {
    await using world = await openLiveWorld();
    await world.put(
      ended(sampleExecution({ facts: { attempts: [] } }), T0, {
        status: 'FAILED',
        exit_code: 125,
        reason: 'image_pull',
      }),
    );
    const viewer = world.connect({}, V2);
    expect(await viewer.closed).toEqual({ code: 1000 });
    expect(viewer.frames).toEqual([
      { type: 'hello', execution_id: EXECUTION_ID, status: 'FAILED', head: 0, tail: 0 },
      {
        type: 'status',
        status: 'FAILED',
        reason: 'image_pull',
        reason_text: 'its image could not be fetched',
        exit_code: 125,
      },
      { type: 'end', lines: 0, sha256: null, completeness: 'complete' },
    ]);
  });

  test('a stop is told as it goes', async () => {
    await using world = await openLiveWorld();
    const running = sampleExecution();
    await world.put(running);
    const viewer = world.connect({}, V2);
    await viewer.until((frames) => frames.length === 2);
    const stop = { requested_at_ms: T0, requested_by: 'dev@example.com', grace_ms: 0, cancel_at_ms: T0 };
    await world.put({ ...running, status: 'TERMINATING', facts: { ...running.facts, stop } });
    await viewer.until((frames) => frames.length === 3);
    expect(viewer.frames[2]).toEqual({
      type: 'status',
      status: 'TERMINATING',
      waiting_for: 'stop_confirmation',
      reason_text: 'waiting until nothing of it lives',
      cancel: { requested: '2025-06-01T00:00:00.000Z' },
    });
  });
});

test('a client without subprotocol gets a frame for each line and the disconnect frame', async () => {
  await using world = await openLiveWorld();
  const lines = sampleLines(1, 4, (seq) => (seq === 3 ? '' : `line ${seq}`));
  const running = sampleExecution();
  await world.put(running);
  await world.store(chunkOf(lines.slice(0, 2)));
  const viewer = world.connect();
  await viewer.untilLine(2);
  await world.store(chunkOf(lines.slice(2)));
  await world.put(ended(running, T0, { end_record: endRecordOf(lines), log_proven: true }));
  expect(await viewer.closed).toEqual({ code: 1000 });
  expect(viewer.ws.protocol).toBe('');
  expect(viewer.frames).toEqual([
    { event_id: '1', timestamp: T0 + 1, message: 'line 1' },
    { event_id: '2', timestamp: T0 + 2, message: 'line 2' },
    { event_id: '3', timestamp: T0 + 3, message: ' ' },
    { event_id: '4', timestamp: T0 + 4, message: 'line 4' },
    { type: 'disconnect', reason: 'execution_completed' },
  ]);
});

test('a client without subprotocol is told what is missing as a line, and at the end that the log is not complete', async () => {
  await using world = await openLiveWorld();
  const lines = sampleLines(1, 8);
  await world.put(ended(sampleExecution(), T0 + 9, { end_record: endRecordOf(lines) }));
  await world.store(chunkOf(lines.slice(2, 4)), chunkOf(lines.slice(5, 6)));
  world.clock.advance(SETTLE_MS + 9);
  const viewer = world.connect();
  await viewer.closed;
  expect(viewer.frames).toEqual([
    { event_id: '2', timestamp: T0 + 3, message: '### runvoy: lines 1-2 are missing' },
    { event_id: '3', timestamp: T0 + 3, message: 'line 3' },
    { event_id: '4', timestamp: T0 + 4, message: 'line 4' },
    { event_id: '5', timestamp: T0 + 6, message: '### runvoy: line 5 is missing' },
    { event_id: '6', timestamp: T0 + 6, message: 'line 6' },
    { event_id: '8', timestamp: T0 + 9, message: '### runvoy: lines 7-8 are missing' },
    { type: 'disconnect', reason: 'execution_completed', completeness: 'gaps' },
  ]);
  const resumed = world.connect({ last_event_id: '5' });
  await resumed.closed;
  expect(resumed.seqs).toEqual([6, 8]);
});

test('a client without subprotocol resumes after its last event id', async () => {
  await using world = await openLiveWorld();
  await world.put(sampleExecution());
  await world.store(chunkOf(sampleLines(1, 5)));
  const viewer = world.connect({ last_event_id: '3' });
  await viewer.untilLine(5);
  expect(viewer.seqs).toEqual([4, 5]);
});

describe('the upgrade', () => {
  test.each([
    ['without an execution', { execution_id: '' }, 400, 'INVALID_REQUEST'],
    ['without a ticket', { token: '' }, 401, 'UNAUTHORIZED'],
    ['with a ticket that is none', { token: 'abc.def' }, 401, 'UNAUTHORIZED'],
    ['with an unreadable cursor', { after: '-1' }, 400, 'INVALID_REQUEST'],
  ])('is refused %s', async (_, query, status, code) => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const refusal = await world.connect(query, V2).refused;
    expect(refusal).toMatchObject({ status, body: { code, status } });
    expect(refusal.body['request_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('is refused with a ticket of another execution', async () => {
    await using world = await openLiveWorld();
    const token = world.ticket({ execution_id: OTHER_ID });
    expect(await world.connect({ token }).refused).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  test('is refused with an expired ticket', async () => {
    await using world = await openLiveWorld();
    const token = world.ticket({ expires_at_ms: T0 });
    expect(await world.connect({ token }).refused).toMatchObject({ status: 401 });
  });

  test('is refused from a foreign origin and accepted from an allowed one', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const foreign = world.connect({}, V2, { origin: 'http://evil.example.com' });
    expect(await foreign.refused).toMatchObject({ status: 403, body: { code: 'FOREIGN_ORIGIN' } });
    const own = world.connect({}, V2, { origin: ORIGIN });
    await own.until((frames) => frames.length === 2);
  });

  test('is refused for an unknown execution', async () => {
    await using world = await openLiveWorld();
    expect(await world.connect().refused).toMatchObject({ status: 404, body: { code: 'EXECUTION_NOT_FOUND' } });
  });

  test('is refused for a log that is not kept any more, with the day it was removed', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution({ log_expired: { at_ms: 86_400_000, kept_days: 1 } }));
    expect(await world.connect().refused).toMatchObject({
      status: 410,
      body: { code: 'LOG_EXPIRED', details: expect.stringContaining('removed on 1970-01-02') },
    });
  });

  test('is refused when the key behind the ticket is revoked or another user owns the run', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution({ owned_by: ['other@example.com'] }));
    expect(await world.connect().refused).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    await revokeKey(world);
    expect(await world.connect().refused).toMatchObject({ status: 401, body: { code: 'API_KEY_REVOKED' } });
  });

  test('is refused when the store does not answer, and no log holds the ticket', async () => {
    await using world = await openLiveWorld();
    world.storage.isDown = true;
    const token = world.ticket();
    expect(await world.connect({ token }).refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
    expect(world.logged.join('')).toContain('A live view could not be opened');
    expect(world.logged.join('')).not.toContain(token.split('.')[0]);
  });

  test('is refused for foreign subprotocols only', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    expect(await world.connect({}, 'graphql-ws').refused).toMatchObject({ status: 400 });
  });

  test('is refused beyond the number of viewers', async () => {
    await using world = await openLiveWorld({ maxViewers: 1 });
    await world.put(sampleExecution());
    const first = world.connect({}, V2);
    await first.until((frames) => frames.length === 2);
    expect(await world.connect().refused).toMatchObject({ status: 503, body: { code: 'TOO_MANY_VIEWERS' } });
    expect(world.view.viewers()).toBe(1);
  });

  test('is refused when the handshake is malformed', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const { port, pathname, search } = new URL(world.url());
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    let answer = '';
    socket.on('data', (part) => (answer += part.toString()));
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"INVALID_REQUEST"');
    expect(world.opened).toEqual([]);
  });
});

describe('an instance', () => {
  test('watches an execution once for all its viewers and not at all for none', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    expect(world.opened).toEqual([]);
    const viewers = [world.connect({}, V2), world.connect({}, V2), world.connect()];
    await world.store(chunkOf(sampleLines(1, 3)));
    for (const viewer of viewers) await viewer.untilLine(3);
    expect(world.opened).toEqual([EXECUTION_ID]);
    for (const viewer of viewers) viewer.ws.terminate();
    const late = world.connect({}, V2);
    await late.untilLine(3);
    late.ws.close();
    expect(await late.closed).toEqual({ code: 1005 });
    expect(world.opened.length).toBeLessThanOrEqual(1);
  });

  test('cuts who lost the right to watch, at the next round, and nobody else', async () => {
    await using world = await openLiveWorld();
    await world.addUser('admin@example.com', 'admin', 'b'.repeat(20));
    await world.put(sampleExecution());
    const dev = world.connect({}, V2);
    const admin = world.connect({ token: world.ticket({ key_id: 'b'.repeat(20) }) }, V2);
    await dev.until((frames) => frames.length === 2);
    await admin.until((frames) => frames.length === 2);
    await revokeKey(world);
    world.clock.advance(30_000);
    expect(await dev.closed).toEqual({ code: 1008 });
    await world.store(chunkOf(sampleLines(1, 1)));
    await admin.untilLine(1);
  });

  test('cuts an owner whose execution has another one now', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const dev = world.connect({}, V2);
    await dev.until((frames) => frames.length === 2);
    // A change of state beside it shows that the instance knows of both.
    await world.put(sampleExecution({ owned_by: ['other@example.com'], status: 'TERMINATING' }));
    await dev.until((frames) => frames.length === 3);
    world.clock.advance(30_000);
    expect(await dev.closed).toEqual({ code: 1008 });
  });

  test('takes a failing store for no revocation', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const dev = world.connect({}, V2);
    await dev.until((frames) => frames.length === 2);
    world.storage.isDown = true;
    const pinged = once(dev.ws, 'ping');
    world.clock.advance(30_000);
    await pinged;
    await dev.heard();
    expect(world.logged.join('')).toContain('Could not check the keys');
    world.storage.isDown = false;
    await revokeKey(world);
    world.clock.advance(30_000);
    expect(await dev.closed).toEqual({ code: 1008 });
  });

  test('ends a connection that answers no ping', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const mute = world.connect({}, V2, { autoPong: false });
    await mute.until((frames) => frames.length === 2);
    const pinged = once(mute.ws, 'ping');
    world.clock.advance(30_000);
    await pinged;
    world.clock.advance(30_000);
    expect(await mute.closed).toEqual({ code: 1006 });
  });

  test('ignores what clients say, and ends a connection that says too much', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const talker = world.connect({}, V2);
    await talker.until((frames) => frames.length === 2);
    talker.ws.send('{"type":"hello"}');
    await world.store(chunkOf(sampleLines(1, 1)));
    await talker.untilLine(1);
    talker.ws.send('x'.repeat(5_000));
    expect(await talker.closed).toEqual({ code: 1009 });
  });

  test('tells everybody to come back when it closes, and takes nobody any more', async () => {
    await using world = await openLiveWorld();
    await world.put(sampleExecution());
    const viewers = [world.connect({}, V2), world.connect({}, V2)];
    for (const viewer of viewers) await viewer.until((frames) => frames.length === 2);
    await world.view.close();
    for (const viewer of viewers) expect(await viewer.closed).toEqual({ code: 1012 });
    expect(await world.connect().refused).toMatchObject({ status: 503, body: { code: 'SHUTTING_DOWN' } });
    expect(world.opened).toEqual([]);
  });

  test('lets a stalled viewer hold up nobody, and gives it everything when it reads on', async () => {
    await using world = await openLiveWorld();
    const running = sampleExecution();
    await world.put(running);
    const stalled = world.connect({}, V2);
    const reader = world.connect({}, V2);
    await stalled.until((frames) => frames.length === 2);
    await reader.until((frames) => frames.length === 2);
    stalled.ws.pause();
    // More than the operating system keeps for a connection.
    const lines = sampleLines(1, 150, (seq) => String(seq).padEnd(90_000, '.'));
    for (const { seq } of lines) {
      await world.store(chunkOf(lines.slice(seq - 1, seq)));
      await reader.untilLine(seq);
    }
    expect(stalled.seqs.length).toBe(0);
    stalled.ws.resume();
    await world.put(ended(running, T0, { end_record: endRecordOf(lines), log_proven: true }));
    expect(await stalled.closed).toEqual({ code: 1000 });
    expect(stalled.seqs).toEqual(lines.map(({ seq }) => seq));
    expect(stalled.types.at(-1)).toBe('end');
  });
});

type World = Awaited<ReturnType<typeof openLiveWorld>>;

async function revokeKey({ records }: World): Promise<void> {
  const stored = await records.get(apiKeyRef(KEY_ID));
  if (!stored) throw new Error('there is no key to revoke');
  await records.compareAndSet(apiKeyRef(KEY_ID), stored.version, { ...stored.value, revoked: true });
}
