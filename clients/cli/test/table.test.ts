import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutToWidth, displayWidth } from '../src/display-width.ts';
import { oneLine } from '../src/one-line.ts';
import { tableLines } from '../src/table.ts';

const columns = [{ title: 'ID' }, { title: 'Command', cuts: { turn: 1, least: 12 } }, { title: 'User' }];

test.each([
  ['plain', 5],
  ['naïve', 5],
  ['日本語', 6],
  ['🙂', 2],
  ['👩‍👩‍👧', 2],
  ['é', 1],
])('%s takes %d columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('the command gives way, by columns and not by bytes', () => {
  const lines = tableLines(
    columns,
    [
      ['1', '日本語のとても長いコマンド', 'me'],
      ['2', 'ls', 'you'],
    ],
    26,
  );
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(26);
  expect(lines[1]).toMatch(/^1 {3}日本語.*… +me$/u);
  expect(lines[2]).toMatch(/^2 {3}ls +you$/);
});

test('without a width nothing is cut, and a very long cell moves no row but its own', () => {
  const rows = [
    ['1', 'x'.repeat(300), 'me'],
    ['2', 'ls', 'you'],
  ];
  expect(tableLines(columns, rows)).toEqual([
    `ID  Command${' '.repeat(35)}User`,
    `1   ${'x'.repeat(300)}  me`,
    `2   ls${' '.repeat(40)}you`,
  ]);
});

test('a cut text is never wider than asked, nor cut inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const cut = cutToWidth(text, width);
      expect(displayWidth(cut)).toBeLessThanOrEqual(width);
      expect(cut).toMatch(/^\P{Surrogate}*$/u);
    }),
  );
});

test('a command with line feeds and escapes is shown on one line without them', () => {
  expect(oneLine('a\n  b\x1b[2J\u202E c')).toBe('a b[2J c');
});
