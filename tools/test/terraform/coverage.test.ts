import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { INFRA_OPTIONS } from '../../infra/infra-line.ts';
import { readConfiguration } from '../../terraform/configuration.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/coverage.md'), 'utf8');
const rootVariables = async () => {
  const modules = await readConfiguration();
  return modules.find(({ folder }) => folder === '.')!.variables;
};
const section = (title: string) => page.slice(page.indexOf(`## ${title}`)).split('\n## ')[0]!;

test('docs/coverage.md has a row for each variable of the root, and for no other', async () => {
  const variables = await rootVariables();
  const listed = [...section('Variables of the root').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(Object.keys(variables).toSorted());
});

test('docs/coverage.md says of each variable whether it is required, and its default where that is one word', async () => {
  const variables = await rootVariables();
  const rows = [...section('Variables of the root').matchAll(/^\| `(\w+)` +\| (.+?) +\|/gm)];
  for (const [, name, said] of rows) {
    const variable = variables[name!]!;
    expect([name, said === 'required']).toEqual([name, !('default' in variable)]);
    if (['string', 'number', 'boolean'].includes(typeof variable['default'])) {
      expect([name, said!.replaceAll('`', '')]).toEqual([name, String(variable['default'])]);
    }
  }
});

test('docs/coverage.md names files that there are', () => {
  const files = [...section('Settings that are fixed').matchAll(/`(infra\/[\w/.-]+)`/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('docs/coverage.md has a row for each option of runvoy infra, and for no other', () => {
  const listed = [...section('Options of `runvoy infra`').matchAll(/^\| `--([\w-]+)`/gm)].map(([, name]) => name!);
  expect(listed.toSorted()).toEqual([...INFRA_OPTIONS].toSorted());
});
