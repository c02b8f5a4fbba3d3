import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const rows = readFileSync(join(ROOT, 'docs/platform-quirks.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (quirk|-)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** Every `file: title` of the page. */
const named = rows.flatMap(([, , tests = '']) =>
  [...tests.matchAll(/`(\S+\.test\.ts): ([^`]+)`/g)].map((match) => [match[2]!, match[1]!] as const),
);

test.each(named)('the page of quirks names a test that exists: %s', (title, file) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const isThere = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
  expect([file, isThere]).toEqual([file, true]);
});

test('each quirk has a test, or a reason for none', () => {
  for (const [, quirk, tests, why] of rows)
    expect([quirk, tests !== '', why !== '']).toEqual([quirk, why === '', tests === '']);
  expect(rows.length).toBeGreaterThan(40);
});
