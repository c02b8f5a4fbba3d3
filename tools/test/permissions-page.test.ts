import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { permissionsPage } from '../permissions/permissions-page.ts';

test('the tables of docs/permissions.md are what the code makes of them', () => {
  const written = readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8');
  // Not in step: node tools/write-permissions.ts
  expect(written).toBe(permissionsPage(written));
});
