import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildBytePatterns } from '../src/byte-patterns.ts';

/** Few letters, so that patterns overlap, repeat and begin inside each other. */
const letters = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: min, maxLength: max });

/** Of the patterns that end at each place, the longest, found by looking everywhere. */
function foundByLooking(patterns: readonly string[], text: string): [number, number][] {
  return Array.from(text, (_, i) => i + 1).flatMap((end) => {
    const ending = patterns.filter((pattern) => text.slice(0, end).endsWith(pattern));
    const longest = Math.max(0, ...ending.map(({ length }) => length));
    return longest === 0 ? [] : [[end - longest, end] as [number, number]];
  });
}

test('patterns are found in one pass where looking everywhere finds them, however the text is cut', () => {
  const patterns = fc.oneof(
    fc.array(letters(1, 3), { minLength: 1, maxLength: 4 }),
    fc.array(letters(4, 8), { minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(patterns, fc.array(letters(0, 20), { maxLength: 6 }), (words, pieces) => {
      const search = buildBytePatterns(words.map((word) => Buffer.from(word))).openSearch();
      const places: [number, number][] = [];
      let before = 0;
      for (const piece of pieces) {
        search.read(Buffer.from(piece), 0, (begin, end) => places.push([before + begin, before + end]));
        before += piece.length;
        const text = pieces.join('').slice(0, before);
        const begun = Array.from(text, (_, i) => text.length - i).find((length) =>
          words.some((word) => word.length > length && word.startsWith(text.slice(text.length - length))),
        );
        expect(search.undecided).toBe(begun ?? 0);
      }
      expect(places).toEqual(foundByLooking(words, pieces.join('')));
    }),
  );
});
