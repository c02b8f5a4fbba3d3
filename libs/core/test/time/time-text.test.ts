import { expect, test } from '@jest/globals';
import { clockText, durationText } from '../../src/time/time-text.ts';

test.each([
  [-5, '0 s'],
  [400, '0.4 s'],
  [10_000, '10 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
  [12_000_000, '3 h 20 min'],
])('%d ms are "%s"', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('a time of day names its zone', () => {
  expect(clockText(Date.parse('2026-03-01T12:00:05.678Z'))).toBe('12:00:05 UTC');
});
