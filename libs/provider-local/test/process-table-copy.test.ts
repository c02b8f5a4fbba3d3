import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

// The runner may import nothing but the protocol, and the job runner must see processes exactly as it does.
test('the runner and the job runner read the process table by the same code', () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const body = (text: string) => text.slice(text.indexOf('export interface ProcessRow'));
  expect(body(read('libs/provider-local/src/job-runner/process-table.ts'))).toBe(
    body(read('jobs/sandbox-runner/src/process-table.ts')),
  );
});
