import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { COMMANDS } from '../../clients/cli/src/command-table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  ...['docs', 'docs/operations', 'docs/operations/alerts'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : [])),
  ),
];

/** What stands in code on a page, block or inline. */
const codeOf = (page: string): string =>
  [...read(page).matchAll(/```sh[^\n]*\n([^]*?)```|`([^`\n]+)`/g)].map((match) => match[1] ?? match[2]).join('\n');

const all = (text: string, form: RegExp): string[] => [...new Set([...text.matchAll(form)].map((match) => match[1]!))];

test('the README names as many tests of the life of a run as there are, for both providers', () => {
  const there = read('test/run-life.ts').match(/^ {2}test\(/gm)!.length;
  const named = [...read('README.md').matchAll(/^\| `(?:local|gcp)`.*\| (\d+) +\|$/gm)].map((row) => Number(row[1]));
  expect(named).toEqual([there, there]);
});

test.each(pages)('the links of %s lead to files that exist', (page) => {
  const links = all(read(page), /\]\((?!https?:)([^)#]+)/g);
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

test.each(pages)('the commands of %s exist', (page) => {
  const code = codeOf(page);
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  expect(all(code, /npm run (?:-s )?([\w:]+)/g).filter((script) => !(script in scripts))).toEqual([]);
  expect(all(code, /(?:^|\s)(?:\.\/)?runvoy ([a-z][\w-]*)/gm).filter((name) => !(name in COMMANDS))).toEqual([]);
  const launched = all(code, /launch\.cjs (\w+)/g);
  expect(launched.filter((task) => !read('tools/launch.cjs').includes(`  ${task}: { run: [`))).toEqual([]);
  expect(all(code, /node (\S+\.(?:ts|cjs|mjs))/g).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
