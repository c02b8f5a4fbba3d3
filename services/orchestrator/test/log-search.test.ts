import { describe, expect, test } from '@jest/globals';
import { newChunk } from '@runvoy/core';
import type { SearchLogBody } from '@runvoy/protocol';
import { openSqliteRecords } from '@runvoy/provider-local';
import { end, linesOf, run, write } from './stored-log.ts';
import { openWorld, T0, type World } from './world.ts';

const ask = (world: World, id: string, query: string, key: string | undefined = world.adminKey) =>
  world.call('GET', `/api/v1/executions/${id}/logs/search?${query}`, undefined, key);
const search = async (world: World, id: string, query: string): Promise<SearchLogBody> =>
  (await ask(world, id, query)).json();

describe('a search in a log', () => {
  test('tells where a text stands and how often, while the run goes on and afterwards', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(1, ['one', 'a \x1b[31mtime\x1b[0mout', 'two', 'timeout']);
    await write(world, id, lines.slice(0, 2));
    const found = { seq: 2, stream: 'stdout', ms: T0 + 1, text: lines[1]!.text, ranges: [{ start: 7, end: 18 }] };
    expect(await search(world, id, 'q=timeout')).toEqual({
      execution_id: id,
      status: 'STARTING',
      hits: [found],
      total: 1,
      scanned_lines: 2,
      through: 2,
      complete: true,
    });
    await write(world, id, lines.slice(2));
    await end(world, id, lines);
    const whole = await search(world, id, 'q=timeout&limit=1');
    expect(whole).toMatchObject({ status: 'SUCCEEDED', hits: [found], total: 2, complete: true, next_after: 2 });
    expect((await search(world, id, 'q=TIME&ignore_case=true&after=2')).hits.map(({ seq }) => seq)).toEqual([4]);
    expect((await search(world, id, 'q=^t[aeiou]&regex=true')).hits.map(({ seq }) => seq)).toEqual([4]);
  });

  test('that need not count ends where its list is full, and pages of it read each line once', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const texts = Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? 'hit' : 'no'));
    for (let at = 0; at < 60; at += 10) await write(world, id, linesOf(at + 1, texts.slice(at, at + 10)));
    const seqs: number[] = [];
    let scanned = 0;
    for (let next: number | undefined = 0; next !== undefined;) {
      const found = await search(world, id, `q=hit&limit=7&count=false&after=${next}`);
      expect(found.total).toBe(found.hits.length);
      seqs.push(...found.hits.map(({ seq }) => seq));
      scanned += found.scanned_lines;
      next = found.next_after;
    }
    expect([seqs, scanned]).toEqual([Array.from({ length: 30 }, (_, at) => 2 * at + 1), 60]);
  });

  test('looks into one stream when asked, and names what is missing', async () => {
    await using world = await openWorld();
    const id = await run(world);
    await write(world, id, linesOf(2, ['hit']));
    await write(world, id, linesOf(5, ['hit'], { stream: 'stderr' }));
    const found = await search(world, id, 'q=hit&stream=stderr');
    expect(found.hits.map(({ seq }) => seq)).toEqual([5]);
    expect(found.gaps).toEqual([
      { from: 1, to: 1 },
      { from: 3, to: 4 },
    ]);
  });

  test('names the end of a log that is missing, as its end record tells', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(1, ['hit', 'b', 'c', 'hit', 'e', 'hit']);
    await write(world, id, lines.slice(0, 2));
    await write(world, id, lines.slice(3, 4));
    await end(world, id, lines);
    const holes = [
      { from: 3, to: 3 },
      { from: 5, to: 6 },
    ];
    expect(await search(world, id, 'q=hit')).toMatchObject({ total: 2, through: 4, complete: true, gaps: holes });
    expect(await search(world, id, 'q=hit&after=4')).toMatchObject({ total: 0, complete: true, gaps: holes.slice(1) });
    expect(await search(world, id, 'q=hit&limit=1&count=false')).not.toHaveProperty('gaps');
    expect(await search(world, id, 'q=hit&after=6')).not.toHaveProperty('gaps');
    await write(world, id, lines.slice(2, 3));
    await write(world, id, lines.slice(4));
    expect(await search(world, id, 'q=hit')).not.toHaveProperty('gaps');
  });

  test('that takes longer than its two seconds says so, and is gone on with', async () => {
    await using world = await openWorld();
    const id = await run(world);
    for (const from of [1, 3, 5]) await write(world, id, linesOf(from, ['hit', 'no']));
    let at = T0;
    Object.assign(world.clock, { now: () => (at += 700) });
    let total = 0;
    let requests = 0;
    for (let next: number | undefined = 0; next !== undefined; requests += 1) {
      const found = await search(world, id, `q=hit&after=${next}`);
      total += found.total;
      expect(found.complete).toBe(found.next_after === undefined);
      next = found.next_after;
    }
    expect([total, requests > 1]).toEqual([3, true]);
  });

  test('that makes no sense, or is too much, is refused', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const refused: readonly (readonly [query: string, status: number])[] = [
      ['q=', 400],
      ['q=x&regex=yes', 400],
      ['q=x&stream=both', 400],
      ['q=x&after=-1', 400],
      ['q=x&where=there', 400],
      ['regex=true', 400],
      ['ignore_case=true&stream=stderr', 400],
      ['q=x&limit=0&count=false', 400],
      ['q=(&regex=true', 422],
      ['q=(a{50}){50}&regex=true', 422],
      [`q=${'x'.repeat(257)}`, 422],
      ['q=x&limit=1001', 422],
    ];
    for (const [query, status] of refused) {
      expect([query, (await ask(world, id, query)).statusCode]).toEqual([query, status]);
    }
    expect((await ask(world, id, 'regex=true')).json().details).toMatch(/^regex says how to find q; without q/);
    for (const query of ['regex=false&ignore_case=false', 'q=x&limit=0&count=true']) {
      expect([query, (await ask(world, id, query)).statusCode]).toEqual([query, 200]);
    }
  });

  test('reads no further when whoever asked has left', async () => {
    const stored = openSqliteRecords(':memory:');
    let pages = 0;
    const batch = { from: 1, lines: linesOf(1, ['x']), expires_at: 0, key_id: 'k', mac: '' };
    // A log without end.
    const endless = new Proxy(stored, {
      get(target, name: keyof typeof stored) {
        if (name === 'page' && pages > 0) return nextPage;
        const method = target[name] as (...args: unknown[]) => unknown;
        return typeof method === 'function' ? method.bind(target) : method;
      },
    });
    async function nextPage(_: unknown, { after = 0 }: { readonly after?: number }) {
      pages += 1;
      await new Promise<void>((resolve) => setImmediate(resolve));
      const records = Array.from({ length: 16 }, (__, at) => {
        const from = after + at + 1;
        return {
          id: `${from}`,
          version: '1',
          value: newChunk('e', { ...batch, from, lines: linesOf(from, ['x']) }, T0),
        };
      });
      return { records };
    }
    await using world = await openWorld({}, undefined, {}, endless);
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
    const id = await run(world);
    pages = 1;
    const left = new AbortController();
    const path = `/api/v1/executions/${id}/logs/search?q=y`;
    const asked = fetch(`${url}${path}`, { headers: { 'x-api-key': world.adminKey }, signal: left.signal });
    await until(() => pages > 20);
    left.abort();
    await expect(asked).rejects.toThrow('abort');
    let before = 0;
    await until(() => {
      const isStill = pages === before;
      before = pages;
      return isStill;
    });
  });

  test('is refused to whoever may not read the log', async () => {
    await using world = await openWorld();
    const id = await run(world);
    expect((await ask(world, id, 'q=x', '')).statusCode).toBe(401);
    const viewer = await world.keyOf('v@example.com', 'viewer');
    expect((await ask(world, id, 'q=x', viewer)).statusCode).toBe(403);
    expect((await ask(world, 'f'.repeat(32), 'q=x')).statusCode).toBe(404);
  });
});

/** Looks again after each round of the event loop that gave others time. */
async function until(isMet: () => boolean): Promise<void> {
  for (let looks = 0; !isMet(); looks += 1) {
    if (looks > 2_000) throw new Error('It did not come about.');
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
}

describe('the first error', () => {
  test('is the first line that looks like one', async () => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = [
      ...linesOf(1, ['building', 'tests of the error page: ok']),
      ...linesOf(3, ['warning: old', 'error: no such file', 'Error 2'], { stream: 'stderr' }),
    ];
    await write(world, id, lines);
    await end(world, id, lines, 2);
    const found = await search(world, id, '');
    expect(found.first_error).toEqual({ seq: 4, because: 'error_line' });
    expect(found.hits.map(({ seq }) => seq)).toEqual([4, 5]);
  });

  test.each([
    [1, { seq: 3, because: 'last_lines' }],
    [0, undefined],
  ])('of a run that ends with code %d and shows none is %j', async (code, expected) => {
    await using world = await openWorld();
    const id = await run(world);
    const lines = linesOf(
      1,
      Array.from({ length: 12 }, (_, at) => `step ${at}`),
    );
    await write(world, id, lines);
    await end(world, id, lines, code);
    expect((await search(world, id, '')).first_error).toEqual(expected);
  });
});
