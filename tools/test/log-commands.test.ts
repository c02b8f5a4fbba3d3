import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executionRef, SETTLE_MS } from '@runvoy/core';
import { end, linesOf, run, write } from '../../services/orchestrator/test/stored-log.ts';
import { openWorld, type World } from '../../services/orchestrator/test/world.ts';
import { runvoyHere } from './runvoy-here.ts';

/** The command line against the real API, without a process for either. */
let world: World;
let url = '';
beforeAll(async () => {
  world = await openWorld();
  url = await world.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => world[Symbol.asyncDispose]());

const runvoy = (args: readonly string[], isTTY = false) =>
  runvoyHere(args, { endpoint: url, apiKey: world.adminKey }, isTTY);

async function ended(texts: readonly string[], { lost = [] as readonly number[], code = 0 } = {}): Promise<string> {
  const id = await run(world);
  const lines = linesOf(1, texts);
  for (const line of lines) if (!lost.includes(line.seq)) await write(world, id, [line]);
  await end(world, id, lines, code);
  return id;
}

describe('logs --search', () => {
  test('prints the lines that were found as grep -n does, and how many', async () => {
    const id = await ended(['one', 'a \x1b[31mtime\x1b[0mout', 'three', 'timeout']);
    expect(await runvoy(['logs', '--search', 'timeout', id])).toEqual({
      code: 0,
      out: '2:a \x1b[31mtime\x1b[0mout\n4:timeout\n',
      err: '2 lines found, searched up to line 4\n',
    });
    expect((await runvoy(['logs', '--search', 'timeout', id], true)).out).toBe(
      '\x1b[2m2:\x1b[22ma \x1b[31mtimeout\x1b[39m\n\x1b[2m4:\x1b[22m\x1b[31mtimeout\x1b[39m\n',
    );
    const none = await runvoy(['logs', '--search', 'nothing', id]);
    expect(none).toMatchObject({ code: 1, out: '', err: '0 lines found, searched up to line 4\n' });
    expect((await runvoy(['logs', '--search', '^T.*T$', '--regex', '-i', id])).out).toBe('4:timeout\n');
  });

  test('looks into one stream when told, and knows the others', async () => {
    const id = await run(world);
    const lines = [...linesOf(1, ['hit out']), ...linesOf(2, ['hit err'], { stream: 'stderr' })];
    await write(world, id, lines);
    await end(world, id, lines);
    const inStream = (name: string) => runvoy(['logs', '--search', 'hit', '--stream', name, id]);
    expect((await inStream('stderr')).out).toBe('2:hit err\n');
    expect((await inStream('stdout')).out).toBe('1:hit out\n');
    expect(await inStream('system')).toMatchObject({ code: 1, out: '' });
    await expect(inStream('both')).rejects.toThrow('--stream takes stdout, stderr, system; got "both".');
    await expect(runvoy(['logs', '--stream', 'stderr', id])).rejects.toThrow('--stream says how to --search.');
  });

  test('prints the lines around, once, and tells what is missing', async () => {
    const texts = Array.from({ length: 12 }, (_, at) => ([2, 4, 10].includes(at) ? `hit ${at + 1}` : `line ${at + 1}`));
    const id = await ended(texts, { lost: [7] });
    const { out, err } = await runvoy(['logs', '--search', 'hit', '--context', '1', id]);
    const rows = [
      '2-line 2',
      '3:hit 3',
      '4-line 4',
      '5:hit 5',
      '6-line 6',
      '--',
      '10-line 10',
      '11:hit 11',
      '12-line 12',
    ];
    expect(out.trimEnd().split('\n')).toEqual(rows);
    expect(err).toBe('3 lines found, searched up to line 12\nnot searched, they are missing: 7\n');
  });

  test('lists more than a page of hits, and counts each once', async () => {
    const id = await ended(Array.from({ length: 1_100 }, () => 'hit').slice(0, 3));
    const many = await run(world);
    await write(
      world,
      many,
      linesOf(
        1,
        Array.from({ length: 2_300 }, (_, at) => `hit ${at + 1}`),
      ),
    );
    const { out, err } = await runvoy(['logs', '--search', 'hit', many]);
    expect(out.trimEnd().split('\n')).toHaveLength(2_300);
    expect(err).toBe('2,300 lines found, searched up to line 2300 so far\n');
    const frames = (await runvoy(['logs', '--search', 'hit', '--json', id])).out.trimEnd().split('\n');
    expect(frames.map((frame) => JSON.parse(frame) as object)).toMatchObject([
      { type: 'hit', seq: 1, ranges: [{ start: 0, end: 3 }] },
      { type: 'hit', seq: 2 },
      { type: 'hit', seq: 3 },
      { type: 'found', total: 3, through: 3, gaps: [] },
    ]);
  });

  test('marks what was found among characters of two units', async () => {
    const id = await ended(['\u{1f600}\u{1f600} hit \u{1f600}', '\u{1f600}']);
    expect((await runvoy(['logs', '--search', 'hit', id], true)).out).toBe(
      '\x1b[2m1:\x1b[22m\u{1f600}\u{1f600} \x1b[31mhit\x1b[39m \u{1f600}\n',
    );
    expect((await runvoy(['logs', '--search', '^.$', '--regex', id], true)).out).toBe(
      '\x1b[2m2:\x1b[22m\x1b[31m\u{1f600}\x1b[39m\n',
    );
  });

  test('that has begun goes on when the server was away, and asks for no count of what it will ask for again', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://localhost');
      asked.push([...searchParams.entries()].map((pair) => pair.join('=')).join(' '));
      // As often as a call is tried by itself.
      if (asked.length > 1 && asked.length < 5) return void request.socket.destroy();
      const after = Number(searchParams.get('after'));
      const hit = { seq: after + 1, stream: 'stdout', ms: 0, text: 'hit', ranges: [{ start: 0, end: 3 }] };
      const more = after === 0 ? { complete: false, next_after: 1 } : { complete: true };
      const page = {
        execution_id: 'x',
        status: 'RUNNING',
        hits: [hit],
        total: 1,
        scanned_lines: 1,
        through: after + 1,
      };
      response.end(JSON.stringify({ ...page, ...more }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, out } = await runvoyHere(['logs', '--search', 'hit', 'x'], { endpoint, apiKey: 'k' });
    server.close();
    expect([code, out]).toEqual([0, '1:hit\n2:hit\n']);
    expect(asked).toHaveLength(5);
    for (const query of asked) expect(query).toContain('count=false');
  });

  test('shows nothing that a terminal obeys', async () => {
    const id = await ended(['\x1b]52;c;AAAA\x07hit\x1b[2J\x9b5A \x07end\rover']);
    const { out } = await runvoy(['logs', '--search', 'hit', id], true);
    expect(out).toBe('\x1b[2m1:\x1b[22m\x1b[31mhit\x1b[39m end over\n');
  });
});

describe('logs --first-error', () => {
  test('prints the first line that looks like an error among those around it', async () => {
    const id = await ended(['a', 'b', 'Error: no such file', 'c', 'Error: again'], { code: 1 });
    expect(await runvoy(['logs', '--first-error', '--context', '1', id])).toEqual({
      code: 0,
      out: '2-b\n3:Error: no such file\n4-c\n',
      err: `line 3; more of it: runvoy logs --after 1 ${id}\n`,
    });
  });

  test('prints the last lines of a run that failed without one, and of one that succeeded nothing', async () => {
    const texts = Array.from({ length: 12 }, (_, at) => `step ${at + 1}`);
    const failed = await runvoy(['logs', '--first-error', await ended(texts, { code: 1 })]);
    expect(failed).toMatchObject({
      code: 0,
      out: texts
        .map((text, at) => `${at + 1}-${text}\n`)
        .slice(2)
        .join(''),
    });
    expect(failed.err).toContain('its last lines');
    const succeeded = await runvoy(['logs', '--first-error', await ended(texts)]);
    expect(succeeded).toEqual({ code: 1, out: '', err: 'no line looks like an error\n' });
  });
});

describe('logs --verify', () => {
  test('digests what it received, and compares it with what is stored and what was signed', async () => {
    const id = await ended(['a', 'ü', '']);
    const { code, out, err } = await runvoy(['logs', '--verify', id]);
    const [received, stored, signed] = out.split('\n').map((row) => row.split(/\s+/)[1]);
    expect([code, received, stored]).toEqual([0, signed, signed]);
    expect(signed).toMatch(/^[0-9a-f]{64}$/);
    expect(err).toContain('complete, verified');
    const json = JSON.parse((await runvoy(['logs', '--verify', '--json', id])).out) as object;
    expect(json).toMatchObject({ verified: true, received_lines: 3, received_sha256: signed, stored_sha256: signed });
  });

  test('says of an imported log that no runner of this deployment signed it', async () => {
    const id = await ended(['a']);
    await world.records.transact(async (tx) => {
      const execution = (await tx.get(executionRef(id)))!;
      tx.set(executionRef(id), { ...execution, imported: { at_ms: 0, by: 'a@example.com', source: 'LOCAL' } });
    });
    const { code, out, err } = await runvoy(['logs', '--verify', id]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^imported {2}[0-9a-f]{64} {2}1 line$/m)]);
    expect(err).toContain('no runner of this deployment signed it');
  });

  test.each<[string, () => Promise<string>, string]>([
    ['names what is missing', () => ended(['a', 'b', 'c'], { lost: [2] }), 'NOT complete: missing 2'],
    [
      'says when the digests are not the same',
      async () => {
        const id = await ended(['a']);
        await world.records.transact(async (tx) => {
          const execution = (await tx.get(executionRef(id)))!;
          tx.set(executionRef(id), { ...execution, end_record: { ...execution.end_record!, sha256: 'f'.repeat(64) } });
        });
        return id;
      },
      'NOT verified',
    ],
    [
      'says when there is no end record',
      async () => {
        const id = await ended(['a']);
        await world.records.transact(async (tx) => {
          const { end_record: _, ...execution } = (await tx.get(executionRef(id)))!;
          tx.set(executionRef(id), execution);
        });
        return id;
      },
      'unproven',
    ],
    ['says when the run goes on', () => run(world), 'not settled yet'],
  ])('%s', async (_, open, said) => {
    const id = await open();
    world.clock.advance(SETTLE_MS);
    const { code, err } = await runvoy(['logs', '--verify', id]);
    expect([code, err]).toEqual([1, expect.stringContaining(said)]);
  });
});

test.each([
  [['--search', 'x', '--verify'], '--search and --verify'],
  [['--search', 'x', '-f'], '--search and --follow'],
  [['--verify', '--after', '3'], '--verify and --after'],
  [['--regex'], '--search'],
  [['--context', '3'], '--context'],
  [['--search', ''], '--search'],
  [['--search', 'x', '--context', 'some'], '--context'],
])('logs %j is refused, naming %s', async (args, named) => {
  await expect(runvoy(['logs', ...args, 'f'.repeat(32)])).rejects.toThrow(named);
});

test('who has followed a log to its end listens to no signal any more', async () => {
  const id = await ended(['one', 'two']);
  const listening = () => ['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal));
  const before = listening();
  const { code, out } = await runvoy(['logs', '-f', id]);
  expect([code, out, listening()]).toEqual([0, 'one\ntwo\n', before]);
});
