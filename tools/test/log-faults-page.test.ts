import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { GCP_LOG_FAULTS, LOCAL_LOG_FAULTS } from '../../test/log-faults/log-fault-cases.ts';
import { logFaultsPage } from '../log-faults/log-faults-page.ts';

/** Tables are aligned by the formatter. */
const plain = (text: string) => text.replaceAll(/ +\|/g, ' |').replaceAll(/\| +/g, '| ').replaceAll(/-{3,}/g, '---');

test('docs/log-faults.md is what the tables of faults make of it', () => {
  const written = readFileSync(new URL('../../docs/log-faults.md', import.meta.url), 'utf8');
  // Not in step: node tools/write-log-faults.ts
  expect(plain(written)).toBe(plain(logFaultsPage()));
});

test('each provider has at least 24 cases', () => {
  expect(Object.keys(LOCAL_LOG_FAULTS).length).toBeGreaterThanOrEqual(24);
  expect(Object.keys(GCP_LOG_FAULTS).length).toBeGreaterThanOrEqual(24);
});
