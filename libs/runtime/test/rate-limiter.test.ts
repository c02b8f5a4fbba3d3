import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiter } from '../src/rate-limiter.ts';

const MINUTE = 60_000;

describe('a sliding window', () => {
  test('allows its limit, refuses the next, and says when one more is allowed', () => {
    const limiter = new RateLimiter({ limit: 2, windowMs: MINUTE });
    expect(limiter.take('a', 0)).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: MINUTE });
    expect(limiter.take('a', 10_000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(limiter.take('a', 10_000)).toEqual({ allowed: false, limit: 2, remaining: 0, resetMs: 80_000 });
    expect(limiter.take('b', 10_000).allowed).toBe(true);
  });

  test('a burst at the turn of a window does not get twice the limit', () => {
    const limiter = new RateLimiter({ limit: 10, windowMs: MINUTE });
    const takeAll = (nowMs: number) => {
      let taken = 0;
      while (limiter.take('a', nowMs).allowed) taken += 1;
      return taken;
    };
    expect(takeAll(MINUTE - 1)).toBe(10);
    expect(takeAll(MINUTE)).toBe(0);
    const { resetMs } = limiter.look('a', MINUTE);
    expect(limiter.look('a', MINUTE + resetMs - 1).allowed).toBe(false);
    expect(limiter.look('a', MINUTE + resetMs).allowed).toBe(true);
    expect(takeAll(MINUTE * 1.5)).toBe(5);
  });

  test('whatever comes when, no window of its length sees more than twice the limit, and the wait that is told suffices', () => {
    const lookAfter = (taken: readonly number[], nowMs: number) => {
      const limiter = new RateLimiter({ limit: 5, windowMs: MINUTE });
      for (const at of taken) limiter.take('a', at);
      return limiter.look('a', nowMs).allowed;
    };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }), (steps) => {
        const limiter = new RateLimiter({ limit: 5, windowMs: MINUTE });
        const taken: number[] = [];
        let nowMs = 0;
        for (const step of steps) {
          nowMs += step;
          const rate = limiter.take('a', nowMs);
          if (rate.allowed) taken.push(nowMs);
          else {
            const later = nowMs + rate.resetMs;
            expect(lookAfter(taken, later - 1)).toBe(false);
            expect(lookAfter(taken, later)).toBe(true);
          }
          expect(taken.filter((at) => at > nowMs - MINUTE).length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  test('a refused request makes nobody wait longer', () => {
    const limiter = new RateLimiter({ limit: 1, windowMs: MINUTE });
    limiter.take('a', 0);
    for (let n = 1; n < 100; n++) limiter.take('a', n);
    expect(limiter.take('a', 2 * MINUTE).allowed).toBe(true);
  });
});
