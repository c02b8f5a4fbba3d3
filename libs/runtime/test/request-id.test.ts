import { expect, test } from '@jest/globals';
import { newRequestId } from '../src/request-id.ts';

test('ids of requests are 32 hexadecimal digits, each its own: a trace may be named so', () => {
  const ids = Array.from({ length: 1_000 }, newRequestId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(ids).size).toBe(ids.length);
});
