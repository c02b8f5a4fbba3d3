import { expect, test } from '@jest/globals';
import type { IndexableValue } from '@runvoy/core';
import { compareValues } from '@runvoy/core/contracts';
import fc from 'fast-check';
import { anyCharacter } from '@runvoy/protocol/contracts/any-character';
import { keyAfter, keyAfterPrefix, orderKeyPart } from '../../src/sqlite/order-key.ts';

const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324, -5e-324),
);
const text = fc.oneof(
  fc.string({ unit: anyCharacter }),
  // Zero bytes and their neighbours, where an escape can go wrong.
  fc.string({ unit: fc.constantFrom('\u0000', '\u0001', '\u00ff', 'a', '\uffff', '\u{1f600}'), maxLength: 6 }),
);
const value: fc.Arbitrary<IndexableValue> = fc.oneof(fc.constant(null), fc.boolean(), number, text);
const direction = fc.constantFrom<'asc' | 'desc'>('asc', 'desc');

test('the order of keys is the order of values, in both directions', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const order = Math.sign(compareValues(a, b));
      expect(Buffer.compare(orderKeyPart(a, 'asc'), orderKeyPart(b, 'asc'))).toBe(order);
      expect(Buffer.compare(orderKeyPart(a, 'desc'), orderKeyPart(b, 'desc'))).toBe(0 - order);
    }),
    { numRuns: 2_000 },
  );
});

test('joined keys compare part by part', () => {
  const parts = fc.array(fc.tuple(value, value, direction), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, (columns) => {
      const key = (side: 0 | 1) => Buffer.concat(columns.map((column) => orderKeyPart(column[side], column[2])));
      const order = columns
        .map(([a, b, way]) => (way === 'asc' ? compareValues(a, b) : compareValues(b, a)))
        .find((compared) => compared !== 0);
      expect(Buffer.compare(key(0), key(1))).toBe(Math.sign(order ?? 0));
    }),
    { numRuns: 2_000 },
  );
});

test('no part is a prefix of another one', () => {
  fc.assert(
    fc.property(value, value, direction, (a, b, way) => {
      fc.pre(compareValues(a, b) !== 0);
      const [first, second] = [orderKeyPart(a, way), orderKeyPart(b, way)];
      expect(second.subarray(0, first.length).equals(first)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test('the key after a prefix lies behind all that begins with it and before all else that follows', () => {
  const bytes = fc.uint8Array({ maxLength: 6 });
  fc.assert(
    fc.property(bytes, bytes, (prefix, other) => {
      fc.pre(prefix.some((byte) => byte !== 0xff));
      const after = keyAfterPrefix(prefix);
      const begins = Buffer.from(other).subarray(0, prefix.length).equals(prefix);
      expect(Buffer.compare(other, after) < 0).toBe(begins || Buffer.compare(other, prefix) < 0);
    }),
    { numRuns: 2_000 },
  );
});

test('nothing lies between a key and the one after it', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (key, other) => {
      const isBetween = Buffer.compare(other, key) > 0 && Buffer.compare(other, keyAfter(key)) < 0;
      expect(isBetween).toBe(false);
    }),
  );
});

test('NaN is refused', () => {
  expect(() => orderKeyPart(Number.NaN, 'asc')).toThrow(RangeError);
});
