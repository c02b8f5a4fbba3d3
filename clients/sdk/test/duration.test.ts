import { expect, test } from '@jest/globals';
import { durationText, wholeSecondsText } from '../src/texts.ts';

test.each([
  [-5, '0.0 s'],
  [0, '0.0 s'],
  [3_240, '3.2 s'],
  [59_960, '59.9 s'],
  [64_000, '1 min 04 s'],
  [245_000, '4 min 05 s'],
  [7_800_000, '2 h 10 min'],
  [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
])('%d ms are shown as %s, never as more than has passed', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, '0 s'],
  [4, '4 s'],
  [59, '59 s'],
  [65, '1 min 05 s'],
])('%d whole seconds are shown without tenths, as %s', (seconds, text) => {
  expect(wholeSecondsText(seconds)).toBe(text);
});
