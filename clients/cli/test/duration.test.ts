import { expect, test } from '@jest/globals';
import { durationText, readDurationS, wholeSecondsText } from '../src/duration.ts';

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

test.each([
  [0, '0.0 s'],
  [3_240, '3.2 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min 0 s'],
  [245_000, '4 min 5 s'],
  [7_800_000, '2 h 10 min'],
])('%d ms are shown as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, '0 s'],
  [4, '4 s'],
  [59, '59 s'],
  [65, '1 min 5 s'],
])('%d whole seconds are shown without tenths, as %s', (seconds, text) => {
  expect(wholeSecondsText(seconds)).toBe(text);
});
