import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildBytePatterns } from '../src/byte-patterns.ts';
import { HEAD_BYTES } from '../src/long-patterns.ts';

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

test('a long pattern is covered from wherever its beginning is found as far as the stream goes on like it', () => {
  const unit = letters(1, 3);
  const parts = fc.array(fc.tuple(unit, fc.integer({ min: 1, max: 150 })), { minLength: 1, maxLength: 3 });
  const repeated = (each: readonly (readonly [string, number])[]) => each.map(([word, n]) => word.repeat(n)).join('');
  fc.assert(
    fc.property(parts, parts, unit, fc.integer({ min: 1, max: 99 }), (each, others, tail, size) => {
      const pattern = `${repeated(each)}${'c'.repeat(HEAD_BYTES)}${tail}`;
      const text = repeated([...each, ...others, ...each]) + pattern + tail + pattern;
      const search = buildBytePatterns([Buffer.from(pattern)]).openSearch();
      const covered = new Set<number>();
      for (let at = 0; at < text.length; at += size) {
        search.read(Buffer.from(text.slice(at, at + size)), 0, (begin, end) => {
          for (let i = at + begin; i < at + end; i += 1) covered.add(i);
        });
      }
      const expected = new Set<number>();
      for (let at = 0; at < text.length; at += 1) {
        let length = 0;
        while (length < pattern.length && text[at + length] === pattern[length]) length += 1;
        if (length >= HEAD_BYTES) for (let i = at; i < at + length; i += 1) expected.add(i);
      }
      expect([...covered].toSorted((a, b) => a - b)).toEqual([...expected].toSorted((a, b) => a - b));
    }),
    { numRuns: 50 },
  );
});
