import { expect, test } from '@jest/globals';
import { canonicalBody } from '../../src/idempotency/canonical-body.ts';

test('equal bodies have one text, whatever the order of their fields, at any depth', () => {
  expect(canonicalBody({ a: 1, b: { c: [1, 2], d: null } })).toBe(canonicalBody({ b: { d: null, c: [1, 2] }, a: 1 }));
});

test('a field that is undefined is no field, and a body that is none has a text, too', () => {
  expect(canonicalBody({ a: 1, b: undefined })).toBe(canonicalBody({ a: 1 }));
  expect(canonicalBody(undefined)).toBe('');
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: 1 }, { b: 1 }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: null }, {}],
  [{ a: { b: 1 } }, { a: [['b', 1]] }],
])('%j and %j are two bodies', (a, b) => {
  expect(canonicalBody(a)).not.toBe(canonicalBody(b));
});
