import { expect, test } from '@jest/globals';
import { retryDelayMs } from '../src/retry-delay.ts';

test('delays double from under half a second up to fifteen seconds', () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 1_000].map((attempt) => retryDelayMs(attempt, 0.999999));
  expect(longest).toEqual([400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
});

test('randomness spreads a delay over its upper half only', () => {
  expect(retryDelayMs(3, 0)).toBe(1_600);
  expect(retryDelayMs(3, 0.5)).toBe(2_400);
});
