import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FoldedRows } from '../src/folded-rows.ts';

const range = fc
  .tuple(fc.nat(40), fc.nat(40))
  .map(([a, b]) => ({ first: 1 + Math.min(a, b), last: 1 + Math.max(a, b) }));

test('what is shown is every row that no stretch hides, in order, and each is found where it is shown', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.array(range, { maxLength: 6 }), (rows, hidden) => {
      const folded = new FoldedRows(rows, hidden);
      const isHidden = (row: number) => hidden.some(({ first, last }) => first <= row && row <= last);
      const shown = Array.from({ length: rows }, (_, row) => row).filter((row) => !isHidden(row));
      expect(folded.count).toBe(shown.length);
      expect(shown.map((_, index) => folded.rowAt(index))).toEqual(shown);
      expect(shown.map((row) => folded.indexOf(row))).toEqual(shown.map((_, index) => index));
      for (let row = 0; row < rows; row++) {
        if (isHidden(row)) expect(folded.indexOf(row)).toBe(shown.filter((other) => other < row).length - 1);
      }
    }),
  );
});
