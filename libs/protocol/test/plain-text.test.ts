import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../contracts/any-character.ts';
import { plainText } from '../src/plain-text.ts';

test.each([
  ['plain', 'plain'],
  ['\x1b[31mred\x1b[0m rest', 'red rest'],
  ['\x1b[38;2;1;2;3mtrue\x1b[m', 'true'],
  ['\x9b31mc1', 'c1'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x1b]0;never ends', ''],
  ['\x1b(0charset\x1b', 'charset'],
  ['a\rb\tc', 'a\rb\tc'],
])('%j is %j without escape sequences', (given, shown) => {
  expect(plainText(given).text).toBe(shown);
});

const piece = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom('\x1b[31m', '\x1b]0;title\x07', '\x1b[', '\x1b', 'error', '\x9b'),
);

test('each character is found where it stands in the original, and the place leads back to it', () => {
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join('')),
      (original) => {
        const plain = plainText(original);
        for (let index = 0; index < plain.text.length; index++) {
          const at = plain.originalAt(index);
          expect(original[at]).toBe(plain.text[index]);
          expect(plain.indexAt(at)).toBe(index);
        }
        expect(plain.originalAt(plain.text.length)).toBe(original.length);
        expect(plain.indexAt(original.length)).toBe(plain.text.length);
      },
    ),
  );
});
