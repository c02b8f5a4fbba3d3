import { createHash, webcrypto } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { digestRow, type LogLine } from '@runvoy/protocol';
import { digestOf } from '../src/log-digest.ts';

const subtle = webcrypto.subtle as SubtleCrypto;

test('the digest of no lines is that of no bytes', async () => {
  expect(await digestOf([], subtle)).toBe(createHash('sha256').digest('hex'));
});

test('the digest runs over every row, across the pieces it is encoded in', async () => {
  const lines: LogLine[] = Array.from({ length: 4_321 }, (_, index) => ({
    seq: index + 1,
    stream: index % 2 === 0 ? 'stdout' : 'stderr',
    ms: 0,
    text: `größe ${index} 🚀\t`,
    ...(index % 7 === 0 && { partial: true as const }),
  }));
  const expected = createHash('sha256').update(lines.map(digestRow).join(''), 'utf8').digest('hex');
  expect(await digestOf(lines, subtle)).toBe(expected);
});
