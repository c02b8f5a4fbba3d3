import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { archiveLogs, executionRef, SETTLE_MS } from '@runvoy/core';
import type { TicketBody } from '@runvoy/protocol';
import { end, linesOf, run, write } from './stored-log.ts';
import { openWorld, OUR_ORIGIN, T0, type World } from './world.ts';

const textOf = (world: World, id: string, query = '', key: string | undefined = world.adminKey, headers = {}) =>
  world.call('GET', `/api/v1/executions/${id}/logs.txt${query}`, undefined, key, headers);

describe('a log as text', () => {
  test('is every line, once, in order, with what it amounts to in its headers', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = [...linesOf(1, ['one', '', 'ü\tx']), ...linesOf(4, ['an ', 'end'], { partial: true })];
    await write(world, id, lines.slice(0, 2));
    expect((await textOf(world, id)).headers['runvoy-log-completeness']).toBe('running');
    await write(world, id, lines.slice(2));
    const sha256 = await end(world, id, lines);
    const answer = await textOf(world, id, '?download=true');
    expect(answer.payload).toBe('one\n\nü\tx\nan end');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="${id}.log"`,
      'runvoy-log-completeness': 'complete',
      'runvoy-log-lines': '5',
      'runvoy-log-sha256': sha256,
    });
  });

  test('names the lines that are missing where they would stand', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(1, ['a', 'b', 'c', 'd', 'e', 'f']);
    await write(world, id, lines.slice(1, 2));
    await write(world, id, lines.slice(4, 5));
    await end(world, id, lines);
    expect((await textOf(world, id)).payload).toBe(
      '### runvoy: line 1 is not here yet\nb\n### runvoy: lines 3-4 are not here yet\ne\n',
    );
    world.clock.advance(SETTLE_MS);
    const answer = await textOf(world, id);
    expect(answer.payload.split('\n')).toEqual([
      '### runvoy: line 1 is missing',
      'b',
      '### runvoy: lines 3-4 are missing',
      'e',
      '### runvoy: line 6 is missing',
      '',
    ]);
    expect(answer.headers['runvoy-log-completeness']).toBe('gaps');
  });

  test('is of one stream, and with times, when asked', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, [...linesOf(1, ['out']), ...linesOf(2, ['err'], { stream: 'stderr' })]);
    expect((await textOf(world, id, '?stream=stderr&timestamps=true')).payload).toBe('2026-01-01T00:00:00.000Z err\n');
    for (const query of ['?stream=sterr', '?timestamps=yes', '?stream=stdout&stream=stderr']) {
      expect((await textOf(world, id, query)).statusCode).toBe(400);
    }
  });

  test('is not given to who asks for what it has not: a part of it would be taken for the whole, or the whole for a part', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, linesOf(1, ['one']));
    const details = 'unknown parameter "tail"; this path takes stream, timestamps, download, collapse, token';
    expect((await textOf(world, id, '?tail=1')).json()).toMatchObject({ code: 'INVALID_REQUEST', details });
    expect((await textOf(world, id, '?tail=1', '')).statusCode).toBe(401);
  });

  test('tells caches and pages of other sites what they must know of it', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, linesOf(1, ['one']));
    for (const coding of ['identity', 'gzip']) {
      const answer = await textOf(world, id, '', world.adminKey, { 'accept-encoding': coding, origin: OUR_ORIGIN });
      expect(answer.headers.vary).toBe('Origin, Accept-Encoding');
      expect(answer.headers['access-control-expose-headers']).toContain(
        'Runvoy-Log-Completeness, Runvoy-Log-Lines, Runvoy-Log-SHA256',
      );
    }
  });

  test('shows the last state of progress when asked, also of what is stored in pieces, and all of it otherwise', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = [
      ...linesOf(1, ['10%\r20%']),
      ...linesOf(2, ['1%\r2%\r'], { partial: true }),
      ...linesOf(3, ['between'], { stream: 'stderr' }),
      ...linesOf(4, ['3%']),
      ...linesOf(5, ['cut\roff'], { partial: true }),
      ...linesOf(7, ['crlf\r']),
    ];
    await write(world, id, lines.slice(0, 5));
    await write(world, id, lines.slice(5));
    expect((await textOf(world, id, '?collapse=true')).payload).toBe(
      '20%\nbetween\n3%\noff\n### runvoy: line 6 is not here yet\ncrlf\n',
    );
    expect((await textOf(world, id)).payload).toContain('10%\r20%\n1%\r2%\rbetween\n3%\n');
    expect((await textOf(world, id, '?collapse=1')).statusCode).toBe(400);
  });

  test.each([
    ['gzip', 'gzip'],
    ['br, GZIP;q=0.5', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['zstd;q=0, gzip', 'gzip'],
    ['gzip;q=0', undefined],
    ['identity', undefined],
  ])('to who accepts %j is sent in %s', async (accept, coding) => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, linesOf(1, ['one', 'two']));
    const answer = await textOf(world, id, '', world.adminKey, { 'accept-encoding': accept });
    expect(answer.headers['content-encoding']).toBe(coding);
    const decode = { gzip: gunzipSync, zstd: zstdDecompressSync }[coding ?? ''] ?? ((bytes: Buffer) => bytes);
    expect(decode(answer.rawPayload).toString()).toBe('one\ntwo\n');
  });

  test('is refused without key or ticket, to whoever may not read it, and where there is none', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const viewer = await world.keyOf('v@example.com', 'viewer');
    const statusOf = async (...args: Parameters<typeof textOf>) => (await textOf(...args)).statusCode;
    expect(await statusOf(world, id, '', '')).toBe(401);
    expect(await statusOf(world, id, '?token=x.y', '')).toBe(401);
    expect(await statusOf(world, id, '', viewer)).toBe(
      (await world.call('GET', `/api/v1/executions/${id}/logs`, undefined, viewer)).statusCode,
    );
    expect(await statusOf(world, 'f'.repeat(32))).toBe(404);
  });
});

describe('a ticket', () => {
  const ask = (world: World, id: string, query = '', key: string | undefined = world.adminKey) =>
    world.call('POST', `/api/v1/executions/${id}/ticket${query}`, undefined, key);

  test('opens the log of its execution without a key, until it expires', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, linesOf(1, ['one']));
    const answer = await ask(world, id, '?expires_in=60');
    expect(answer.statusCode).toBe(201);
    const ticket: TicketBody = answer.json();
    expect(ticket).toMatchObject({ execution_id: id, expires_at: new Date(T0 + 60_000).toISOString() });
    expect(ticket.events_url).toMatch(/^http:\/\/127\.0\.0\.1:1\/stream\/events\?execution_id=[0-9a-f]+&token=/);
    expect(ticket.websocket_url).toMatch(/^ws:\/\/127\.0\.0\.1:1\/stream\?/);
    const { search } = new URL(ticket.text_url);
    expect((await textOf(world, id, search, '')).payload).toBe('one\n');
    const other = await run(world);
    expect((await textOf(world, other, search, '')).statusCode).toBe(403);
    world.clock.advance(60_000);
    expect((await textOf(world, id, search, '')).statusCode).toBe(401);
  });

  test('ends with the key that asked for it', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const key = await world.keyOf('op@example.com', 'operator');
    const { search } = new URL((await ask(world, id, '', key)).json().text_url as string);
    expect((await textOf(world, id, search, '')).statusCode).toBe(200);
    await world.call('POST', '/api/v1/users/revoke', { email: 'op@example.com' });
    expect((await textOf(world, id, search, '')).statusCode).toBe(401);
  });

  test.each(['59', '43201', '1.5', 'x', '-1'])('is not given for %s seconds', async (seconds) => {
    await using world = await openWorld();
    expect((await ask(world, await run(world), `?expires_in=${seconds}`)).statusCode).toBe(400);
  });
});

test('the stream route sends its caller to the stream of events, with the cursor and a ticket', async () => {
  await using world = await openWorld();
  const id = await run(world);
  const answer = await world.call('GET', `/api/v1/executions/${id}/logs/stream?after=7`);
  expect(answer.statusCode).toBe(307);
  const url = new URL(answer.headers.location!);
  expect(`${url.origin}${url.pathname}`).toBe('http://127.0.0.1:1/stream/events');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    execution_id: id,
    token: expect.stringMatching(/^[\w-]+\.[\w-]+$/),
    after: '7',
  });
  expect((await world.call('GET', `/api/v1/executions/${id}/logs/stream?after=x`)).statusCode).toBe(400);
});

describe('a check of a log', () => {
  const check = async (world: World, id: string) =>
    (await world.call('GET', `/api/v1/executions/${id}/logs/verify`)).json();

  test('reads it all anew, and says so also after it was proven once', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(1, ['a', 'b', 'c']);
    await write(world, id, lines);
    expect(await check(world, id)).toMatchObject({ completeness: 'running', lines: 3, gaps: [] });
    const sha256 = await end(world, id, lines);
    const proven = { completeness: 'complete', lines: 3, gaps: [], sha256, stored_sha256: sha256 };
    expect(await check(world, id)).toMatchObject(proven);
    await world.call('GET', `/api/v1/executions/${id}/logs`);
    await world.records.transact(async (tx) => {
      const execution = (await tx.get(executionRef(id)))!;
      expect(execution.log_proven).toBe(true);
      tx.set(executionRef(id), { ...execution, end_record: { ...execution.end_record!, sha256: 'f'.repeat(64) } });
    });
    expect(await check(world, id)).toMatchObject({ completeness: 'unproven', stored_sha256: sha256 });
  });

  test('names what is missing', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(1, ['a', 'b', 'c']);
    await write(world, id, lines.slice(2));
    await end(world, id, lines);
    expect(await check(world, id)).toMatchObject({ completeness: 'running', lines: 3, gaps: [] });
    world.clock.advance(SETTLE_MS);
    expect(await check(world, id)).toMatchObject({ completeness: 'gaps', lines: 3, gaps: [{ from: 1, to: 2 }] });
  });
});

describe('a log that lies in the archive', () => {
  const DAY_MS = 86_400_000;
  const segmentSize = { bytes: 2_000, chunks: 8, blockBytes: 500, fewChunks: 2 };
  const fail = (error: unknown) => {
    throw error;
  };

  /** A run of sixty lines in thirty chunks, and what its doors show. */
  async function archived(world: World) {
    const id = await run(world);
    const lines = linesOf(
      1,
      Array.from({ length: 60 }, (_, at) => `line ${at + 1}`),
    );
    for (let at = 0; at < 60; at += 2) await write(world, id, lines.slice(at, at + 2));
    await end(world, id, lines);
    const get = async (path: string) => (await world.call('GET', `/api/v1/executions/${id}/${path}`)).payload;
    const doors = () =>
      Promise.all(
        [
          'logs',
          'logs?after=31&limit=7',
          'logs?tail=5',
          'logs/verify',
          'logs.txt?timestamps=true',
          'logs/search?q=5',
        ].map(get),
      );
    const archive = () => archiveLogs({ ...world, segmentSize, logRetentionDays: 30 }, fail);
    return { id, doors, archive };
  }

  test('is shown by each door as before, when it is sealed and when its records are gone', async () => {
    await using world = await openWorld();
    const { doors, archive } = await archived(world);
    const before = await doors();
    expect(before[4]!.split('\n')).toHaveLength(61);
    world.clock.advance(60_000);
    expect(await archive()).toMatchObject({ sealed: 4 });
    const settled = await doors();
    expect(settled.slice(2)).toEqual(before.slice(2));
    world.clock.advance(10 * DAY_MS);
    expect(await archive()).toMatchObject({ removed: 30, failed: 0 });
    expect(await doors()).toEqual(settled);
  });

  test('and cannot be read there is refused as a whole, and nothing of the refusal is called a log', async () => {
    await using world = await openWorld();
    const { id, archive } = await archived(world);
    world.clock.advance(60_000);
    await archive();
    world.clock.advance(10 * DAY_MS);
    await archive();
    world.archive.blobs.clear();
    for (const coding of ['zstd', 'gzip', 'identity']) {
      const answer = await textOf(world, id, '?download=true', world.adminKey, { 'accept-encoding': coding });
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'STORE_UNAVAILABLE']);
      const ofLogs = ['content-encoding', 'content-disposition', 'runvoy-log-completeness', 'runvoy-log-sha256'];
      expect(ofLogs.filter((name) => name in answer.headers)).toEqual([]);
    }
  });

  test('and is not kept any more is told to be gone by each door, and the run says since when', async () => {
    await using world = await openWorld();
    const { id, archive } = await archived(world);
    const ticket = (await world.call('POST', `/api/v1/executions/${id}/ticket`)).json<TicketBody>();
    const textUrl = new URL(ticket.text_url);
    world.clock.advance(31 * DAY_MS);
    expect(await archive()).toMatchObject({ expired: 1 });
    expect(world.archive.blobs.size).toBe(0);
    const ways = [
      ...['logs', 'logs?tail=5', 'logs/verify', 'logs.txt', 'logs/stream', 'logs/search?q=5'].map(
        (path) => ['GET', path] as const,
      ),
      ['POST', 'ticket'] as const,
    ];
    for (const [method, path] of ways) {
      const answer = await world.call(method, `/api/v1/executions/${id}/${path}`);
      expect([path, answer.statusCode, answer.json().code]).toEqual([path, 410, 'LOG_EXPIRED']);
      expect(answer.json().details ?? answer.json().error).toMatch(/removed on 2026-02-01.* keeps logs for 30 days/);
    }
    world.clock.advance(-31 * DAY_MS);
    const byTicket = await world.app.inject({ url: textUrl.pathname + textUrl.search });
    expect([byTicket.statusCode, byTicket.json().code]).toEqual([410, 'LOG_EXPIRED']);
    for (const path of ['', '/status']) {
      const body = (await world.call('GET', `/api/v1/executions/${id}${path}`)).json();
      expect(body.log).toMatchObject({ lines: 60, expired_at: '2026-02-01T00:00:00.000Z' });
    }
  });
});
