import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSgr, PLAIN, type SgrStyle } from '../src/sgr.ts';
import { groundColour, inkColour, inkOnGround } from '../src/sgr-colour.ts';

const shown = (text: string) => parseSgr(text).spans.map((span) => [span.text, clean(span.style)]);
const isControl = (character: string) => character < ' ' && character !== '\t';
const clean = (style: SgrStyle) => Object.fromEntries(Object.entries(style).filter(([, value]) => value !== undefined));

test('plain text is one plain span', () => {
  expect(shown('hello <b>&amp;</b>')).toEqual([['hello <b>&amp;</b>', {}]]);
  expect(shown('')).toEqual([]);
});

test('colours and switches apply until they are taken back', () => {
  expect(shown('a\x1b[1;31mb\x1b[22mc\x1b[39md')).toEqual([
    ['a', {}],
    ['b', { bold: true, fg: 1 }],
    ['c', { fg: 1 }],
    ['d', {}],
  ]);
  expect(shown('\x1b[92;44mx\x1b[my')).toEqual([
    ['x', { fg: 10, bg: 4 }],
    ['y', {}],
  ]);
});

test.each([
  ['\x1b[38;5;208mx', { fg: 208 }],
  ['\x1b[38:5:208mx', { fg: 208 }],
  ['\x1b[48;2;1;2;3mx', { bg: [1, 2, 3] }],
  ['\x1b[38:2::1:2:3mx', { fg: [1, 2, 3] }],
  ['\x1b[38;5;1;4mx', { fg: 1, underline: true }],
  ['\x1b[38;2;999;0;0mx', { fg: [255, 0, 0] }],
  ['\x1b[38mx', {}],
  ['\x1b[>4;1mx', {}],
  ['\x1b[999mx', {}],
] as const)('%j reads as %j', (text, style) => {
  expect(shown(text)).toEqual([['x', style]]);
});

test('a style goes on into the next line', () => {
  const { end } = parseSgr('\x1b[33mwarning');
  expect(parseSgr('still yellow', end).spans[0]?.style).toMatchObject({ fg: 3 });
  expect(parseSgr('\x1b[0mover', end).spans[0]?.style).toBe(PLAIN);
});

test('escapes other than colours are dropped without a trace', () => {
  const evil = 'a\x1b[2Jb\x1b[10;10Hc\x1b]0;title\x07d\x1b]8;;http://x\x1b\\e\x1bPq#0\x1b\\f\x1b(Bg\x1b';
  expect(
    parseSgr(evil)
      .spans.map((span) => span.text)
      .join(''),
  ).toBe('abcdefg');
});

test('control characters are made visible, tabs stay', () => {
  expect(shown('a\x00b\x07c\x7f\td')).toEqual([['a␀b␇c␡\td', {}]]);
});

test('a carriage return starts the line over, and one at the end changes nothing', () => {
  expect(shown('10%\r50%\r\x1b[32mdone')).toEqual([['done', { fg: 2 }]]);
  expect(shown('windows\r')).toEqual([['windows', {}]]);
});

test('no text, however broken, makes the parser fail or emit an escape', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('\x1b', '\x1b[', '\x1b]', '38;2;', 'm', '\r', '\x1b[0;;m', ':', ';'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      for (const span of parseSgr(pieces.join('')).spans) expect(span.text.split('').filter(isControl)).toEqual([]);
    }),
  );
});

test('the sixteen basic colours follow the theme, the others are fixed', () => {
  expect(inkColour(9)).toBe('var(--ansi-9)');
  expect(inkColour(208)).toBe('rgb(255 135 0)');
  expect(inkColour(16)).toBe('rgb(0 0 0)');
  expect(inkColour(231)).toBe('rgb(255 255 255)');
  expect(inkColour(244)).toBe('rgb(128 128 128)');
  expect(inkColour([1, 2, 3])).toBe('rgb(1 2 3)');
});

test('black and white keep their meaning on a coloured ground', () => {
  expect([0, 7, 15, 1].map(inkOnGround)).toEqual(['#111', '#eee', '#fff', 'var(--ansi-1)']);
  expect(groundColour(2)).toBe('var(--ansi-ground-2)');
  expect(groundColour(231)).toBe('rgb(255 255 255)');
});

test('marks that turn the direction of text are named instead of obeyed', () => {
  expect(shown('\u202egnp.exe')).toEqual([['‹U+202E›gnp.exe', {}]]);
});
