import { expect, test } from '@jest/globals';
import type { SearchLogBody } from '@runvoy/protocol';
import type { LogSearchQuery } from '@runvoy/sdk/client';
import { countText, findFirstError, findLines, nextHit } from '../src/log-search.ts';

/** A server that holds a log in which these lines are hits, and reads so many lines a request. */
function serverOf(hits: readonly number[], lines: number, linesARequest = Infinity) {
  const asked: LogSearchQuery[] = [];
  return {
    asked,
    async searchLog(execution_id: string, query: LogSearchQuery): Promise<SearchLogBody> {
      asked.push(query);
      const { after = 0, limit = 100 } = query;
      const through = Math.min(lines, after + linesARequest);
      const found = hits.filter((seq) => seq > after && seq <= through);
      const listed = found.slice(0, limit);
      const isCut = limit > 0 && listed.length < found.length;
      const complete = through === lines;
      const next = isCut ? listed.at(-1) : complete ? undefined : through;
      return {
        execution_id,
        status: 'RUNNING',
        hits: listed.map((seq) => ({ seq, stream: 'stdout', ms: 0, text: 'x', ranges: [] })),
        total: found.length,
        scanned_lines: through - after,
        through,
        complete,
        ...(next === undefined ? {} : { next_after: next }),
        ...(query.q === undefined && found[0] ? { first_error: { seq: found[0], because: 'error_line' } } : {}),
      };
    },
  };
}
const text = { q: 'x', regex: false };
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test.each([
  [12, Infinity],
  [2_500, Infinity],
  [2_500, 700],
  [9_000, Infinity],
  [9_000, 700],
])('of %d hits, read %d lines a request, all are counted and the first ones listed', async (count, linesARequest) => {
  const server = serverOf(upTo(count), 10_000, linesARequest);
  const steps = await Array.fromAsync(findLines(server, 'r', text));
  const last = steps.at(-1)!;
  expect(last).toMatchObject({ total: count, through: 10_000, complete: true });
  expect(last.lines).toEqual(upTo(count).slice(0, last.lines.length));
  expect(last.lines.length).toBeGreaterThanOrEqual(Math.min(count, 5_000));
  expect(last.lines.length).toBeLessThan(6_000);
  const totals = steps.map(({ total }) => total);
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
});

test('a search goes on where it ended, and counts what it found before', async () => {
  const [before] = await Array.fromAsync(findLines(serverOf([2], 5), 'r', text));
  const server = serverOf([2, 7], 9);
  const [after] = await Array.fromAsync(findLines(server, 'r', text, before));
  expect(after).toEqual({ lines: [2, 7], total: 2, through: 9, complete: true });
  expect(server.asked).toMatchObject([{ q: 'x', after: 5, ignore_case: true }]);
});

test('the first error is looked for as far as it takes', async () => {
  expect(await findFirstError(serverOf([950], 1_000, 100), 'r')).toEqual({ seq: 950, because: 'error_line' });
  expect(await findFirstError(serverOf([], 1_000, 100), 'r')).toBeUndefined();
});

test.each([
  [undefined, true, 3],
  [3, true, 8],
  [8, true, 3],
  [undefined, false, 8],
  [8, false, 3],
  [5, false, 3],
])('from line %s, forwards: %s, the next hit is %d', (line, forwards, expected) => {
  expect(nextHit([3, 8], line, forwards)).toBe(expected);
});

test.each([
  [{ lines: [], total: 0, through: 9, complete: true }, undefined, 'Not found'],
  [{ lines: [], total: 0, through: 9, complete: false }, undefined, 'Searching…'],
  [{ lines: [3, 8], total: 2, through: 9, complete: true }, 8, '2 of 2'],
  [{ lines: [3], total: 1, through: 9, complete: true }, undefined, '1 line'],
  [{ lines: [3, 8], total: 4_321, through: 9, complete: false }, 3, '1 of 4,321+'],
])('of %j at line %s it says %j', (found, line, said) => {
  expect(countText(found, line)).toBe(said);
});
