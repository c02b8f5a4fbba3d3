import { expect, test } from '@jest/globals';
import { agoText } from '../src/elapsed.ts';

test.each([
  [-3_000, 'just now'],
  [40_000, '40 s ago'],
  [12 * 60_000, '12 min ago'],
  [5 * 3_600_000, '5 h ago'],
  [72 * 3_600_000, '3 d ago'],
])('%d ms back is %s', (age, text) => {
  expect(agoText(1_000_000_000_000 - age, 1_000_000_000_000)).toBe(text);
});
