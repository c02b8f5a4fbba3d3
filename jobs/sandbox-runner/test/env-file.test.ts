import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { envFileText } from '../src/env-file.ts';

test('a shell that reads the file gets every value back as it was', () => {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-env-'));
  const file = join(directory, '.env');
  const value = fc.string({
    unit: fc.oneof(fc.constantFrom("'", '"', '$', '`', '\\', '\n', ' ', '#', '!', '&'), fc.string()),
  });
  fc.assert(
    fc.property(
      fc.array(
        value.map((v) => v.replaceAll('\0', '').toWellFormed()),
        { minLength: 1, maxLength: 20 },
      ),
      (values) => {
        const env = Object.fromEntries(values.map((v, i) => [`V${i}`, v]));
        writeFileSync(file, envFileText(env));
        const print = `. "$1"; printf '%s\\0' ${values.map((_, i) => `"$V${i}"`).join(' ')}`;
        const printed = execFileSync('/bin/sh', ['-c', print, 'sh', file], { encoding: 'utf8' });
        expect(printed.split('\0').slice(0, -1)).toEqual(values);
      },
    ),
    { numRuns: 40 },
  );
  rmSync(directory, { recursive: true });
});

test('a name that is none for a shell is left out, so that nothing in it is run', () => {
  const names = ['A;touch x;B', '$(id)', '1A', 'A B', 'A-B', 'A\nid', 'Ä', ''];
  expect(envFileText({ ...Object.fromEntries(names.map((name) => [name, 'x'])), _a1: 'kept' })).toBe('_a1=kept\n');
});
