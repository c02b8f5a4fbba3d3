import { describe, expect, test } from '@jest/globals';
import { blobSegments } from '../../src/archive/blob-name.ts';

const FULL = Array.from({ length: 5 }, () => 'a'.repeat(199)).join('/');

describe('the name of a blob', () => {
  test.each(['a', 'logs/a.txt', '...', '-', '.a/..b', 'a'.repeat(200), `${FULL}a`])('%j is one', (name) => {
    expect(blobSegments(name).join('/')).toBe(name);
  });

  test.each(['', '/', 'a//b', '.', 'a/..', 'a+b', 'a\n', 'é', 'a'.repeat(201), `${FULL}/ab`])('%j is none', (name) => {
    expect(() => blobSegments(name)).toThrow(expect.objectContaining({ code: 'RECORDS_MISUSED' }));
  });
});
