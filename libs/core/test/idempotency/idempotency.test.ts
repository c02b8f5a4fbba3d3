import { expect, test } from '@jest/globals';
import { hashBody, idempotencyRef } from '../../src/idempotency/idempotency.ts';

test('equal bodies have one hash, whatever the order of their fields, at any depth', () => {
  expect(hashBody({ a: 1, b: { c: [1, 2], d: null } })).toBe(hashBody({ b: { d: null, c: [1, 2] }, a: 1 }));
});

test('a field that is undefined is no field', () => {
  expect(hashBody({ a: 1, b: undefined })).toBe(hashBody({ a: 1 }));
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: 1 }, { b: 1 }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: null }, {}],
  [{ a: { b: 1 } }, { a: [['b', 1]] }],
])('%j and %j are two bodies', (a, b) => {
  expect(hashBody(a)).not.toBe(hashBody(b));
});

test('people, routes and keys never meet', () => {
  const scopes = [
    { user_email: 'a', route: 'r', key: 'k' },
    { user_email: 'b', route: 'r', key: 'k' },
    { user_email: 'a', route: 's', key: 'k' },
    { user_email: 'a', route: 'r', key: 'l' },
    { user_email: 'a","r', route: '', key: 'k' },
  ];
  expect(new Set(scopes.map((scope) => idempotencyRef(scope).id)).size).toBe(scopes.length);
});
