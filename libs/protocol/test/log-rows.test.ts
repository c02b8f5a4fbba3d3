import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { digestRow, signedRows, type LogLine } from '../src/index.ts';

const LINES: readonly LogLine[] = [
  { seq: 1, stream: 'stdout', ms: 1_700_000_000_000, text: 'hello' },
  { seq: 2, stream: 'stderr', ms: 1_700_000_000_001, text: '', partial: true },
  { seq: 3, stream: 'system', ms: 1_700_000_000_002, text: '### runvoy ✓ \u{1f600}\tend' },
];

test('a digest row is number, stream, continuation and text, without the time', () => {
  expect(LINES.map(digestRow)).toEqual([
    '1\tstdout\t0\thello\n',
    '2\tstderr\t1\t\n',
    '3\tsystem\t0\t### runvoy ✓ \u{1f600}\tend\n',
  ]);
});

test('the digest of three lines is this one, in every implementation', () => {
  const digest = createHash('sha256').update(LINES.map(digestRow).join('')).digest('hex');
  expect(digest).toBe('d59205da7a5b1e6afe1ea1d08f852e7ef8a64ca6826b5142f9ee0eacc961927c');
});

test('the signed rows begin with the number of the first and hold the times', () => {
  expect(signedRows(1, LINES)).toBe(
    '1\n1\tstdout\t0\t1700000000000\thello\n2\tstderr\t1\t1700000000001\t\n3\tsystem\t0\t1700000000002\t### runvoy ✓ \u{1f600}\tend\n',
  );
  expect(signedRows(7, [])).toBe('7\n');
});
