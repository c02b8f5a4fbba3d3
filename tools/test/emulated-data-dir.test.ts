import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openDataDir } from '../emulated/data-dir.ts';

test('a directory that nobody named goes with what it holds', () => {
  const temporary = openDataDir(undefined);
  writeFileSync(join(temporary.path, 'a.log'), 'a');
  temporary.remove();
  expect(existsSync(temporary.path)).toBe(false);
});

test('after a failure it stays for its logs, unless there are none', () => {
  const [full, empty] = [openDataDir(undefined), openDataDir(undefined)];
  writeFileSync(join(full.path, 'a.log'), 'a');
  expect([full.keep(), empty.keep()]).toEqual([true, false]);
  expect([existsSync(full.path), existsSync(empty.path)]).toEqual([true, false]);
  full.remove();
});

test('a directory that was named is never removed', () => {
  const named = mkdtempSync(join(tmpdir(), 'runvoy-named-'));
  const dataDir = openDataDir(named);
  dataDir.remove();
  dataDir.keep();
  expect(existsSync(named)).toBe(true);
  rmSync(named, { recursive: true });
});

test.each(['/proc/nope', '/dev/null'])('%s is no directory to use, and that is told at once', (named) => {
  expect(() => openDataDir(named)).toThrow(`The data directory ${named} cannot be used: `);
});
