import { expect, test } from '@jest/globals';
import { agoText, durationText } from '../src/elapsed.ts';

test.each([
  [0, '0.0 s'],
  [3_240, '3.2 s'],
  [9_999, '9.9 s'],
  [48_900, '48 s'],
  [64_000, '1 min 04 s'],
  [7_380_000, '2 h 03 min'],
  [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
  [-5, '0.0 s'],
])('%d ms lasts %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [-3_000, 'just now'],
  [40_000, '40 s ago'],
  [12 * 60_000, '12 min ago'],
  [5 * 3_600_000, '5 h ago'],
  [72 * 3_600_000, '3 d ago'],
])('%d ms back is %s', (age, text) => {
  expect(agoText(1_000_000_000_000 - age, 1_000_000_000_000)).toBe(text);
});
