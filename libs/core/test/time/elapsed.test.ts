import { expect, test } from '@jest/globals';
import { manualClock } from '../../src/time/clock.ts';
import { elapsedSince, isInFuture } from '../../src/time/elapsed.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_748_736_000_000;
const clock = (evenSinceMs?: number) => ({
  now: () => NOW_MS,
  sleep: async () => undefined,
  ...(evenSinceMs === undefined ? {} : { evenSinceMs: () => evenSinceMs }),
});

test('time that has passed is what the clock says, as long as it goes evenly', () => {
  expect(elapsedSince({ clock: clock() }, NOW_MS - 5_000)).toBe(5_000);
  expect(elapsedSince({ clock: clock(0) }, NOW_MS - 5_000)).toBe(5_000);
});

test('a clock that jumped an hour ahead a second ago makes nothing an hour old', () => {
  expect(elapsedSince({ clock: clock(NOW_MS - 1_000) }, NOW_MS - HOUR_MS)).toBe(1_000);
});

test('what a clock stored that was an hour ahead counts from when this process first came upon it', () => {
  const right = manualClock(NOW_MS);
  right.advance(HOUR_MS / 2);
  const stored = [right.now() + HOUR_MS, right.now() + 2 * HOUR_MS];
  expect(elapsedSince({ clock: right }, stored[0]!)).toBe(0);
  right.advance(7_000);
  expect(elapsedSince({ clock: right }, stored[1]!)).toBe(0);
  right.advance(1_000);
  expect(stored.map((at) => elapsedSince({ clock: right }, at))).toEqual([8_000, 1_000]);
});

test('another machine’s clock may be a minute ahead', () => {
  expect(isInFuture(NOW_MS + 60_000, NOW_MS)).toBe(false);
  expect(isInFuture(NOW_MS + 60_001, NOW_MS)).toBe(true);
});
