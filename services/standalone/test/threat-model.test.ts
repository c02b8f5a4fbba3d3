import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const rows = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** Every `file: title` of the page. */
const named = rows.flatMap(([, , , , tests = '']) =>
  [...tests.matchAll(/`(\S+\.test\.ts): ([^`]+)`/g)].map((match) => [match[2]!, match[1]!] as const),
);

test.each(named)('the threat model names a test that exists: %s', (title, file) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const isThere = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
  expect([file, isThere]).toEqual([file, true]);
});

test('the threat model claims nothing without a test', () => {
  const unproven = rows.filter(([, , , , tests]) => tests === '').map(([, , , holds]) => holds);
  for (const holds of unproven) expect(holds).toMatch(/^(Not built yet|Nothing holds)/);
  expect(named.length).toBeGreaterThan(40);
});
