import { expect, test } from '@jest/globals';
import { readDurationS } from '../src/read-duration.ts';

test.each([
  ['30s', 30],
  ['5m', 300],
  ['1h', 3_600],
  ['1h30m', 5_400],
  ['90', 90],
  ['1.5s', 2],
  ['0', 0],
])('%s is %d seconds', (text, seconds) => {
  expect(readDurationS(text, '--timeout')).toBe(seconds);
});

test.each(['', 'soon', '5 m', '-1', '5d', 'm5', '1e3'])('"%s" is no time', (text) => {
  expect(() => readDurationS(text, '--timeout')).toThrow('--timeout takes a time');
});
