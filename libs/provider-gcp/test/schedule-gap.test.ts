import { expect, test } from '@jest/globals';
import { scheduleGapMs } from '../src/index.ts';

const HOUR = 3_600_000;

test.each([
  ['0 * * * *', HOUR],
  ['*/15 * * * *', HOUR / 4],
  ['5,50 * * * *', 0.75 * HOUR],
  ['0 3 * * *', 24 * HOUR],
  ['0 */6 * * *', 6 * HOUR],
  ['30 8,20 * * *', 12 * HOUR],
  ['0 9,10 * * *', 23 * HOUR],
  ['* * * * *', 60_000],
])('the longest pause of %s', (schedule, gap) => {
  expect(scheduleGapMs(schedule)).toBe(gap);
});

test.each(['0 9-17 * * *', '0 * * * 1', '0 0 1 * *', '0 */2 * 3 *', '99 * * * *'])(
  '%s is not one whose pauses are known',
  (schedule) => {
    expect(scheduleGapMs(schedule)).toBeUndefined();
  },
);
