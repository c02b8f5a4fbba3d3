import { expect, jest, test } from '@jest/globals';
import { manualClock, systemClock } from '../../src/time/clock.ts';

test('a manual clock stands still until it is advanced', () => {
  const clock = manualClock(5);
  expect(clock.now()).toBe(5);
  clock.advance(10);
  expect(clock.now()).toBe(15);
});

test('sleepers wake when their time has come, in its order', async () => {
  const clock = manualClock(0);
  const woken: number[] = [];
  const sleep = async (ms: number) => {
    await clock.sleep(ms);
    woken.push(ms);
  };
  const sleeping = [sleep(30), sleep(10), sleep(20)];
  clock.advance(20);
  await Promise.all(sleeping.slice(1));
  expect(woken).toEqual([10, 20]);
  clock.advance(10);
  await Promise.all(sleeping);
  expect(woken).toEqual([10, 20, 30]);
});

test.each([
  ['manual', manualClock(0)],
  ['system', systemClock],
])('a sleeper on the %s clock wakes when it is told to, or never begins to sleep', async (_, clock) => {
  const abort = new AbortController();
  const sleeping = clock.sleep(86_400_000, abort.signal);
  abort.abort();
  await sleeping;
  await clock.sleep(86_400_000, abort.signal);
});

test("the system clock is the machine's, and sleeps", async () => {
  const before = Date.now();
  await systemClock.sleep(1);
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
});

test('the system clock tells when it has jumped, and takes a correction by seconds for none', () => {
  const machine = Date.now;
  const set = jest.spyOn(Date, 'now');
  try {
    const before = systemClock.evenSinceMs!();
    set.mockImplementation(() => machine() + 4_000);
    expect(systemClock.evenSinceMs!()).toBe(before);
    for (const aheadMs of [3_600_000, 0, -3_600_000]) {
      set.mockImplementation(() => machine() + aheadMs);
      const now = systemClock.now();
      expect(Math.abs(systemClock.evenSinceMs!() - now)).toBeLessThan(1_000);
    }
  } finally {
    set.mockRestore();
    systemClock.now();
  }
});
