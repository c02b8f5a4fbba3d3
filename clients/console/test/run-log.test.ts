import { expect, test } from '@jest/globals';
import type { LogLine, LogStream } from '@runvoy/protocol';
import fc from 'fast-check';
import { RunLog, type LogRow } from '../src/run-log.ts';

const line = (seq: number, text = `line ${seq}`, stream: LogStream = 'stdout', partial = false): LogLine => ({
  seq,
  stream,
  ms: seq,
  text,
  ...(partial && { partial: true as const }),
});
const brief = (rows: readonly LogRow[]) =>
  rows.map((row) => (row.kind === 'gap' ? `gap ${row.from}-${row.to}` : `${row.seq} ${row.text}`));

test('lines delivered twice are shown once', () => {
  const log = new RunLog();
  log.add([line(1), line(2)]);
  log.add([line(2), line(3)]);
  expect(brief(log.rows)).toEqual(['1 line 1', '2 line 2', '3 line 3']);
  expect(log.cursor).toBe(3);
});

test('partial pieces of a stream join over lines of another', () => {
  const log = new RunLog();
  log.add([line(1, 'half ', 'stdout', true), line(2, 'oops', 'stderr'), line(3, 'done'), line(4, 'next')]);
  expect(brief(log.rows)).toEqual(['1 half done', '2 oops', '4 next']);
  expect(log.rows[0]).toMatchObject({ seq: 1, lastSeq: 3 });
  expect(log.lines).toHaveLength(4);
});

test('endless output without line feeds is cut into rows', () => {
  const log = new RunLog();
  for (let seq = 1; seq <= 5; seq++) log.add([line(seq, 'x'.repeat(30_000), 'stdout', true)]);
  expect(log.rows).toHaveLength(3);
});

test('a jump in the numbers is a named gap and does not join pieces', () => {
  const log = new RunLog();
  log.add([line(1, 'half ', 'stdout', true), line(4, 'other')]);
  expect(brief(log.rows)).toEqual(['1 half ', 'gap 2-3', '4 other']);
  expect(log.gaps).toEqual([{ from: 2, to: 3 }]);
});

test('a gap announced at the end, or ahead of its neighbours, is shown in its place', () => {
  const log = new RunLog();
  log.miss({ from: 3, to: 4 });
  expect(log.cursor).toBe(0);
  log.add([line(1), line(2)]);
  expect(brief(log.rows)).toEqual(['1 line 1', '2 line 2', 'gap 3-4']);
  expect(log.cursor).toBe(4);
  log.miss({ from: 3, to: 4 });
  log.add([line(5)]);
  expect(log.gaps).toEqual([{ from: 3, to: 4 }]);
});

test('late lines fill their gap', () => {
  const log = new RunLog();
  log.add([line(1), line(5)]);
  log.add([line(3)]);
  expect(brief(log.rows)).toEqual(['1 line 1', 'gap 2-2', '3 line 3', 'gap 4-4', '5 line 5']);
  log.add([line(4), line(2), line(2)]);
  expect(log.gaps).toEqual([]);
  expect(log.cursor).toBe(5);
});

test('a gap at the end survives a late line before it', () => {
  const log = new RunLog();
  log.add([line(1), line(3)]);
  log.miss({ from: 4, to: 9 });
  log.add([line(2)]);
  expect(log.gaps).toEqual([{ from: 4, to: 9 }]);
  expect(log.cursor).toBe(9);
});

test('a row knows the colour its stream was left in', () => {
  const log = new RunLog();
  log.add([line(1, '\x1b[31mred'), line(2, 'plain', 'stderr'), line(3, 'red still')]);
  expect(log.rows.map((row) => row.kind === 'line' && row.style.fg)).toEqual([undefined, undefined, 1]);
});

test('the row of a line is found, inside joined pieces and gaps too', () => {
  const log = new RunLog();
  log.add([line(1, 'a', 'stdout', true), line(2, 'b'), line(3), line(7)]);
  expect([1, 2, 3, 5, 7, 8].map((seq) => log.rowOf(seq))).toEqual([0, 0, 1, 2, 3, -1]);
  expect(new RunLog().rowOf(1)).toBe(-1);
});

test('however batches are split, repeated and shuffled, the same log comes out', () => {
  const whole = new RunLog();
  const lines = Array.from({ length: 30 }, (_, index) =>
    line(index + 1, `t${index}`, index % 3 === 0 ? 'stderr' : 'stdout', index % 4 === 1),
  );
  whole.add(lines);
  fc.assert(
    fc.property(fc.shuffledSubarray(lines, { minLength: 30 }), fc.array(fc.nat(29)), (shuffled, repeats) => {
      const log = new RunLog();
      for (const one of shuffled) log.add([one]);
      for (const index of repeats) log.add([lines[index]!]);
      expect(log.lines).toEqual(whole.lines);
      expect(log.rows).toEqual(whole.rows);
    }),
    { numRuns: 50 },
  );
});

test('groups are known by the lines that begin and end them, and rows by how deep they stand', () => {
  const log = new RunLog();
  const texts = ['::group::build', 'cc', '::group::link', 'ld', '::endgroup::', '::endgroup::', 'done', '::endgroup::'];
  log.add(texts.map((text, at) => line(at + 1, text)));
  expect(log.groups).toEqual([
    { from: 1, through: 6 },
    { from: 3, through: 5 },
  ]);
  expect(log.rows.map((row) => row.kind === 'line' && row.depth)).toEqual([0, 1, 1, 2, 1, 0, 0, 0]);
  expect(log.rows.map((row) => row.kind === 'line' && row.marker?.kind)).toMatchObject([
    'start',
    undefined,
    'start',
    undefined,
    'end',
    'end',
    undefined,
    'end',
  ]);
  log.add([line(9, '::group::piece', 'stdout', true), line(10, '::group::again'), line(11, '::group::last')]);
  expect(log.groups.slice(2)).toEqual([{ from: 11, through: undefined }]);
  log.add([line(14, 'behind a gap')]);
  expect(log.groups.slice(2)).toEqual([{ from: 11, through: 11 }]);
  expect(log.rows.at(-1)).toMatchObject({ depth: 0 });
});
