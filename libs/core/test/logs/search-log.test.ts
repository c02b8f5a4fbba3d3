import { describe, expect, test } from '@jest/globals';
import type { LogLine, LogStream } from '@runvoy/protocol';
import fc from 'fast-check';
import { searchLog, type LogFindings, type LogSearch } from '../../src/logs/search-log.ts';
import { readMatcher, type SearchTerm } from '../../src/logs/text-matcher.ts';

type Written = string | readonly [text: string, more: Partial<LogLine>];

/** Lines numbered from `from`. */
function written(given: readonly Written[], from = 1): LogLine[] {
  return given.map((one, at): LogLine => {
    const [text, more] = typeof one === 'string' ? [one, {}] : one;
    return { seq: from + at, stream: 'stdout', ms: 0, text, ...more };
  });
}

async function* batchesOf(lines: readonly LogLine[], size = 3): AsyncGenerator<readonly LogLine[]> {
  for (let at = 0; at < lines.length; at += size) yield lines.slice(at, at + size);
}

async function search(
  lines: readonly LogLine[],
  term: Partial<SearchTerm> & { q: string },
  more: Partial<LogSearch> & { size?: number } = {},
): Promise<LogFindings> {
  const matcher = await readMatcher({ regex: false, ignoreCase: false, ...term });
  const { after = 0, size = 3 } = more;
  const behind = lines.filter(({ seq }) => seq > after);
  const rest = { limit: 100, isTimeUp: () => false, matcher: () => matcher, ...more, after };
  return searchLog(batchesOf(behind, size), rest);
}

const placesOf = ({ hits }: LogFindings) =>
  hits.map(({ seq, ranges }) => [seq, ...ranges.map(({ start, end, through = seq }) => [start, end, through])]);
const partial = (text: string, stream: LogStream = 'stdout'): Written => [text, { partial: true, stream }];

describe('a search', () => {
  test.each<[string, readonly Written[], Partial<SearchTerm> & { q: string }, unknown]>([
    [
      'tells each match of a line',
      ['no', 'ab ab', 'xab'],
      { q: 'ab' },
      [
        [2, [0, 2, 2], [3, 5, 2]],
        [3, [1, 3, 3]],
      ],
    ],
    ['keeps to capital letters', ['Error', 'error'], { q: 'error' }, [[2, [0, 5, 2]]]],
    ['passes over them when asked', ['ErRoR'], { q: 'eRrOr', ignoreCase: true }, [[1, [0, 5, 1]]]],
    ['takes no character for an operator', ['a.c abc'], { q: 'a.c', ignoreCase: true }, [[1, [0, 3, 1]]]],
    ['finds what is coloured, where it stands', ['\x1b[1;31merr\x1b[0mor'], { q: 'error' }, [[1, [7, 16, 1]]]],
    [
      'finds an expression',
      ['took 5 s', 'took x', 'took 77 s'],
      { q: '\\d+ s$', regex: true },
      [
        [1, [5, 8, 1]],
        [3, [5, 9, 3]],
      ],
    ],
    [
      'finds a whole line once',
      ['ab', 'c'],
      { q: '.*', regex: true },
      [
        [1, [0, 2, 1]],
        [2, [0, 1, 2]],
      ],
    ],
    ['finds nothing between letters', ['ba'], { q: 'a*', regex: true }, [[1, [0, 0, 1], [1, 2, 1]]]],
    ['finds empty lines by an expression', ['a', '', 'b'], { q: '^$', regex: true }, [[2, [0, 0, 2]]]],
    ['finds an expression in any case', ['Done'], { q: 'done|gone', regex: true, ignoreCase: true }, [[1, [0, 4, 1]]]],
    ['joins the pieces of a line', [partial('a needle in a hay'), 'stack'], { q: 'haystack' }, [[1, [14, 5, 2]]]],
    [
      'joins them where another stream wrote between',
      [partial('time'), partial('x', 'stderr'), ['y', { stream: 'stderr' }], 'out'],
      { q: 'timeout' },
      [[1, [0, 3, 4]]],
    ],
    ['joins no two lines', ['hay', 'stack'], { q: 'haystack' }, []],
    ['joins no two streams', [partial('hay'), ['stack', { stream: 'stderr' }]], { q: 'haystack' }, []],
    ['joins colours that are cut', [partial('x\x1b[3'), '1mred'], { q: 'xred' }, [[1, [0, 5, 2]]]],
    [
      'anchors an expression at the line, not at its pieces',
      [partial('ab'), partial('ab'), 'ab'],
      { q: '^ab|ab$', regex: true },
      [
        [1, [0, 2, 1]],
        [3, [0, 2, 3]],
      ],
    ],
  ])('%s', async (_, lines, term, expected) => {
    expect(placesOf(await search(written(lines), term))).toEqual(expected);
  });

  test('joins nothing across lines that are missing, and names those', async () => {
    const lines = [...written([partial('hay')]), ...written(['stack', 'x'], 5)];
    const found = await search(lines, { q: 'haystack' });
    expect(found).toMatchObject({ hits: [], total: 0, scanned_lines: 3, through: 6, gaps: [{ from: 2, to: 4 }] });
  });

  test('counts all hits and lists as many as were asked for; the rest is behind the cursor', async () => {
    const lines = written(Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? 'hit' : 'no')));
    const first = await search(lines, { q: 'hit' }, { limit: 10 });
    expect(first).toMatchObject({ total: 25, scanned_lines: 50, through: 50, complete: true, next_after: 19 });
    expect(first.hits).toHaveLength(10);
    const rest = await search(lines, { q: 'hit' }, { after: 19 });
    expect(rest.hits.map(({ seq }) => seq)[0]).toBe(21);
    expect(rest).toMatchObject({ total: 15, complete: true });
    expect(rest.next_after).toBeUndefined();
    expect(await search(lines, { q: 'hit' }, { limit: 0 })).toEqual({
      hits: [],
      total: 25,
      scanned_lines: 50,
      through: 50,
      complete: true,
    });
  });

  test('that takes too long ends between two lines, and goes on there', async () => {
    const lines = written(['hit', partial('hay'), partial('st'), 'ack', 'hit', 'hit']);
    let batches = 0;
    const cut = await search(lines, { q: 'haystack' }, { size: 2, isTimeUp: () => (batches += 1) >= 1 });
    expect(cut).toMatchObject({ hits: [], through: 1, scanned_lines: 1, complete: false, next_after: 1 });
    const rest = await search(lines, { q: 'haystack' }, { after: 1 });
    expect(rest).toMatchObject({ total: 1, scanned_lines: 5, complete: true });
  });

  test('of a line that never ends goes on within it', async () => {
    const text = `${'x'.repeat(32_000)}hit`;
    const lines = written(Array.from({ length: 400 }, () => partial(text)));
    const cut = await search(lines, { q: 'hit' }, { isTimeUp: () => true });
    expect(cut.complete).toBe(false);
    expect(cut.through).toBeGreaterThan(0);
    const rest = await search(lines, { q: 'hit' }, { after: cut.next_after! });
    expect(cut.total + rest.total).toBe(400);
  });

  test('tells no more than a hundred places of a line, and finds the next line all the same', async () => {
    const found = await search(written(['a'.repeat(500), partial('a'.repeat(500)), 'a']), { q: 'a' });
    expect(found.hits.map(({ seq, ranges }) => [seq, ranges.length])).toEqual([
      [1, 100],
      [2, 100],
      [3, 1],
    ]);
  });

  test('a page of hits is over at a megabyte of text, whatever was asked for', async () => {
    const lines = written(Array.from({ length: 100 }, () => `hit ${'x'.repeat(32_000)}`));
    const found = await search(lines, { q: 'hit' }, { limit: 1_000 });
    expect(found.total).toBe(100);
    expect(found.hits.length).toBeLessThan(40);
    expect(found.next_after).toBe(found.hits.at(-1)?.seq);
  });

  test('stops when nobody waits for it any more', async () => {
    const left = new AbortController();
    let read = 0;
    const endless = (async function* () {
      for (;;) {
        yield written(['x'], (read += 1));
        if (read === 5) left.abort(new Error('left'));
      }
    })();
    const matcher = await readMatcher({ q: 'y', regex: false, ignoreCase: false });
    const asked = { matcher: () => matcher, after: 0, limit: 1, isTimeUp: () => false, signal: left.signal };
    await expect(searchLog(endless, asked)).rejects.toThrow('left');
    expect(read).toBe(6);
  });

  test.each([
    ['(', 'no RE2 expression'],
    ['(?=x)', 'no RE2 expression'],
    ['(a{1,10}){1,50}', 'too large'],
  ])('for %j is refused: %s', async (q, why) => {
    await expect(readMatcher({ q, regex: true, ignoreCase: false })).rejects.toThrow(why);
  });

  test('is refused in its own words, whatever the case is to be', async () => {
    const refusal = readMatcher({ q: 'a(', regex: true, ignoreCase: true });
    await expect(refusal).rejects.toThrow('no RE2 expression: error parsing regexp: missing closing ): `a(`');
  });
});

test('a match is found once wherever a line is cut into pieces, at the same place of the whole', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'ab', '\x1b[31m', '\x1b[0m', ' ', '😀'), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      text.map((parts) => parts.join('')),
      fc.array(fc.nat(60), { maxLength: 6 }),
      fc.constantFrom('ab', 'b', 'aab', 'a b'),
      fc.boolean(),
      async (whole, cuts, q, regex) => {
        const ends = [...new Set(cuts.filter((cut) => cut < whole.length)), whole.length].toSorted((a, b) => a - b);
        const pieces = ends.map((end, at) => whole.slice(ends[at - 1] ?? 0, end));
        const lines = written(pieces.map((piece, at) => (at < pieces.length - 1 ? partial(piece) : piece)));
        const inPieces = await search(lines, { q, regex });
        const inOne = await search(written([whole]), { q, regex });
        const startOf = (seq: number) => ends[seq - 2] ?? 0;
        const found = inPieces.hits.flatMap(({ seq, ranges }) =>
          ranges.map(({ start, end, through = seq }) => ({ start: startOf(seq) + start, end: startOf(through) + end })),
        );
        expect(found).toEqual(inOne.hits.flatMap(({ ranges }) => ranges));
      },
    ),
    { numRuns: 200 },
  );
});

test('a very long line is searched in stretches that lose and repeat nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(200_000), { maxLength: 8 }), fc.boolean(), async (at, regex) => {
      const places = [...new Set(at.map((place) => place - (place % 10)))].toSorted((a, b) => a - b);
      let whole = 'x'.repeat(200_010);
      for (const place of places) whole = `${whole.slice(0, place)}needle${whole.slice(place + 6)}`;
      const pieces = whole.match(/.{1,32000}/g)!;
      const lines = written(pieces.map((piece, index) => (index < pieces.length - 1 ? partial(piece) : piece)));
      const found = await search(lines, { q: regex ? 'nee?dle' : 'needle', regex });
      const starts = found.hits.flatMap(({ seq, ranges }) => ranges.map(({ start }) => (seq - 1) * 32_000 + start));
      expect(starts.toSorted((a, b) => a - b)).toEqual(places);
    }),
    { numRuns: 20 },
  );
});
