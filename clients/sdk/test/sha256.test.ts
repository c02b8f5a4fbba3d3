import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Sha256 } from '../src/follow.ts';

const known = (text: string) => createHash('sha256').update(text).digest('hex');

test.each([0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 4_321])('the digest of %d bytes is the known one', (length) => {
  expect(new Sha256().update('x'.repeat(length)).digest('hex')).toBe(known('x'.repeat(length)));
});

test('whatever the text, and however it is cut, the digest is the known one', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 90 }), { maxLength: 8 }), (pieces) => {
      const hash = new Sha256();
      for (const piece of pieces) hash.update(piece);
      expect(hash.digest('hex')).toBe(known(pieces.join('')));
    }),
  );
});
