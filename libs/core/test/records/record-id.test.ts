import { describe, expect, test } from '@jest/globals';
import { recordIdOf } from '../../src/records/record-id.ts';

describe('the record id of a text somebody chose', () => {
  test.each([
    ['bob@example.com', 'bob%40example.com'],
    ['alpine:3.22-c5c74c0e', 'alpine%3A3.22-c5c74c0e'],
    ['', '%'],
    ['%', '%25'],
    ['.', '%2E'],
    ['..', '%2E.'],
    ['__name__', '%5F_name__'],
    ['half a pair \ud800', 'half%20a%20pair%20%EF%BF%BD'],
  ])('of %j is %s', (text, id) => {
    expect(recordIdOf(text)).toBe(id);
  });

  test('fits whatever the length, and differs where the texts do', () => {
    const ids = ['a', 'b'].map((end) => recordIdOf('é'.repeat(1_000) + end));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(Buffer.byteLength(id)).toBeLessThanOrEqual(1_500);
  });
});
