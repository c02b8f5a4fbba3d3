import { expect, test } from '@jest/globals';
import { elapsedSince, isInFuture } from '../../src/time/elapsed.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_748_736_000_000;
const clock = (evenSinceMs?: number) => ({
  now: () => NOW_MS,
  sleep: async () => undefined,
  ...(evenSinceMs === undefined ? {} : { evenSinceMs: () => evenSinceMs }),
});

test('time that has passed is what the clock says, as long as it goes evenly', () => {
  expect(elapsedSince({ clock: clock(), upSinceMs: 0 }, NOW_MS - 5_000)).toBe(5_000);
  expect(elapsedSince({ clock: clock(0), upSinceMs: 0 }, NOW_MS - 5_000)).toBe(5_000);
});

test('a clock that jumped an hour ahead a second ago makes nothing an hour old', () => {
  expect(elapsedSince({ clock: clock(NOW_MS - 1_000), upSinceMs: 0 }, NOW_MS - HOUR_MS)).toBe(1_000);
});

test('what a clock stored that was an hour ahead counts from the start of the process', () => {
  expect(elapsedSince({ clock: clock(), upSinceMs: NOW_MS - 7_000 }, NOW_MS + HOUR_MS)).toBe(7_000);
});

test('another machine’s clock may be a minute ahead', () => {
  expect(isInFuture(NOW_MS + 60_000, NOW_MS)).toBe(false);
  expect(isInFuture(NOW_MS + 60_001, NOW_MS)).toBe(true);
});
