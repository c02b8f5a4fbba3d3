import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test('the crash demo loses and repeats no line, says so, and ends well', () => {
  const launcher = join(import.meta.dirname, '../launch.cjs');
  const { status, stdout } = spawnSync(process.execPath, [launcher, 'demo:crash'], {
    encoding: 'utf8',
    timeout: 55_000,
  });
  expect(stdout).toMatch(/the server is killed[^]*the server is up again[^]*complete, verified/);
  expect(stdout).toContain('40,000 lines written, 40,000 shown: each once and in order; no line lost, none repeated.');
  expect(status).toBe(0);
});
