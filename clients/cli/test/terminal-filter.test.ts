import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { TerminalFilter } from '../src/terminal-filter.ts';

// eslint-disable-next-line no-control-regex
const COLOUR = /\x1b\[[\d;:]*m/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

const pass = (text: string, wantsColour = true) => new TerminalFilter({ wantsColour }).pass(text);
const piece = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom(
    '\x1b[31m',
    '\x1b]0;title\x07',
    '\x1b]8;;http://x\x1b\\',
    '\x9b2J',
    '\x1b[',
    '\x1b',
    '\x1bP',
    '\n',
    'plain',
  ),
);

test.each([
  ['\x1b[31mred\x1b[0m', '\x1b[31mred\x1b[0m'],
  ['\x1b[38;2;1;2;3mtrue\x1b[m', '\x1b[38;2;1;2;3mtrue\x1b[m'],
  ['a\tb\rc\n', 'a\tb\rc\n'],
  ['\x1b[2J\x1b[Hgone', 'gone'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]52;c;AAAA\x1b\\text', 'text'],
  ['\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x9b31mc1', '\x1b[31mc1'],
  ['\x1b[>4;1mkeys', 'keys'],
  ['\x1b(0charset', 'charset'],
  ['\x1bcreset', 'reset'],
  ['bell\x07 back\b del\x7f nul\0', 'bell back del nul'],
  ['\x1b]0;unfinished\nnext', '\nnext'],
])('%j becomes %j', (given, shown) => {
  expect(pass(given)).toBe(shown);
});

test('without colours nothing but text is left', () => {
  expect(pass('\x1b[31mred\x1b[0m', false)).toBe('red');
});

test('whatever comes in, only text, tab, CR, LF and colours come out', () => {
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const shown = pass(pieces.join('')).replaceAll(COLOUR, '');
      expect(shown).not.toMatch(CONTROL);
    }),
  );
});

test('how a text is cut into pieces changes nothing', () => {
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const filter = new TerminalFilter({ wantsColour: true });
      expect(pieces.map((each) => filter.pass(each)).join('')).toBe(pass(pieces.join('')));
    }),
  );
});

test('text without control characters passes unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      // eslint-disable-next-line no-control-regex
      fc.pre(!/[\x00-\x1f\x7f-\x9f]/.test(text));
      expect(pass(text)).toBe(text);
    }),
  );
});
