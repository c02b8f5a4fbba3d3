import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';

test('texts of any character are those that fast-check makes of its unit binary', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const drawn = (unit: 'binary' | fc.Arbitrary<string>) => fc.sample(fc.string({ unit }), { seed, numRuns: 50 });
    expect(drawn(anyCharacter)).toEqual(drawn('binary'));
  }
});

test('a text that fails shrinks, also one that is given as an example', () => {
  const fails = (text: string) => text.includes('💥') || text.includes('constructor');
  const shrunk = (example: string) =>
    fc.check(
      fc.property(fc.string({ unit: anyCharacter }), (text) => !fails(text)),
      { examples: [[example]], seed: 1 },
    ).counterexample;
  expect(shrunk('around 💥 it')).toEqual(['💥']);
});

test.each(['', 'ab', '\ud800', '\udfff', 1, undefined])('%j is no character that was drawn', (other) => {
  expect(anyCharacter.canShrinkWithoutContext(other)).toBe(false);
});
