import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { labelPair, newLabels, readLabelPair } from '../../src/executions/labels.ts';

const key = fc.stringMatching(/^[a-z0-9][a-z0-9._/-]{0,62}$/);
const value = fc.string({ maxLength: 63 }).filter((text) => !/\p{Cc}/u.test(text));

describe('labels', () => {
  test('any that follow the rules are kept, and found by the pair that a caller writes', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 16 }), (labels) => {
        const stored = newLabels(labels);
        expect(stored.labels).toEqual(labels);
        const asked = stored.label_pairs?.map((pair) => labelPair(...readLabelPair(pair)));
        expect(asked).toEqual(stored.label_pairs);
        expect(new Set(asked).size).toBe(Object.keys(labels).length);
      }),
    );
  });

  test.each([undefined, {}])('none, said as %p, leave nothing in the record', (none) => {
    expect(newLabels(none)).toEqual({});
  });

  test.each<[string, Record<string, string>, string]>([
    ['a capital', { Team: 'core' }, '"Team" is no key'],
    ['an equals sign', { 'a=b': 'c' }, '"a=b" is no key'],
    ['nothing', { '': 'c' }, '"" is no key'],
    ['64 characters', { ['a'.repeat(64)]: 'c' }, 'is no key'],
    ['a line feed behind it', { 'a\n': 'c' }, 'is no key'],
  ])('a key of %s is refused and named', (_, labels, words) => {
    expect(() => newLabels(labels)).toThrow(words);
  });

  test.each([
    ['64 characters', 'v'.repeat(64), 'the value of a is 64 characters; the limit is 63'],
    ['a line feed', 'b\nc', 'the value of a holds a control character'],
    ['half a character', '\ud800', 'the value of a holds a control character or half a character'],
  ])('a value of %s is refused, with its key', (_, text, words) => {
    expect(() => newLabels({ a: text })).toThrow(words);
  });

  test('seventeen are one too many', () => {
    const labels = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v']));
    expect(() => newLabels(labels)).toThrow('labels has 17 entries; the limit is 16');
  });

  test('a filter without a value is no label', () => {
    expect(() => readLabelPair('team')).toThrow('label is key=value; got "team"');
  });
});
