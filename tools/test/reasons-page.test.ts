import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { reasonsPage } from '../reasons/reasons-page.ts';

test('docs/reasons.md is what the tables of texts and explain itself make of it', () => {
  const written = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8');
  // Not in step: node tools/write-reasons.ts
  expect(written).toBe(reasonsPage());
});
