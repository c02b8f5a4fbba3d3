import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rowWindow, scrollTopOf } from '../src/row-window.ts';

test('a short log is drawn whole', () => {
  const shown = rowWindow({ rows: 5, rowHeight: 20, viewHeight: 400 }, 0);
  expect(shown).toEqual({ first: 0, end: 5, offset: 0, height: 100 });
});

test('of 100,000 rows only those around the view are drawn, at their place', () => {
  const shown = rowWindow({ rows: 100_000, rowHeight: 20, viewHeight: 400 }, 1_000_010);
  expect(shown.end - shown.first).toBeLessThan(60);
  expect(shown.offset).toBe(shown.first * 20);
  expect(shown.first).toBeLessThanOrEqual(50_000);
  expect(shown.end).toBeGreaterThan(50_020);
});

test('the last row is reached at the end of the scroll, however many rows there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000_000 }), fc.integer({ min: 100, max: 2_000 }), (rows, viewHeight) => {
      const metrics = { rows, rowHeight: 20, viewHeight };
      const { height } = rowWindow(metrics, 0);
      const top = Math.max(0, height - viewHeight);
      const shown = rowWindow(metrics, top);
      expect(shown.end).toBe(rows);
      expect(shown.offset + (shown.end - shown.first) * 20).toBeLessThanOrEqual(height + 1);
    }),
  );
});

test('a jump puts its row into view', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000_000 }), fc.nat(), (rows, pick) => {
      const metrics = { rows, rowHeight: 20, viewHeight: 600 };
      const row = pick % rows;
      const shown = rowWindow(metrics, scrollTopOf(metrics, row));
      expect(shown.first).toBeLessThanOrEqual(row);
      expect(shown.end).toBeGreaterThan(row);
    }),
  );
});
