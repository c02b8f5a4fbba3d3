import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const SRC = new URL('../src/', import.meta.url);
const files = readdirSync(SRC).filter((file) => file.endsWith('.ts'));
const sourceOf = (file: string) => readFileSync(new URL(file, SRC), 'utf8');
const importsOf = (file: string) =>
  Array.from(sourceOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g), (m) => m[1]!);

test.each(files)('%s imports its own package and the protocol only, and uses no global of Node', (file) => {
  const foreign = importsOf(file).filter((name) => !name.startsWith('./') && name !== '@runvoy/protocol');
  expect(foreign).toEqual([]);
  expect(sourceOf(file)).not.toMatch(/\b(?:process|Buffer|require|__dirname|setImmediate)\b[.(]/);
});

test('every source is part of the one export', () => {
  const exported = ['client.ts', 'follow.ts', 'texts.ts'].flatMap((entry) =>
    importsOf(entry).map((name) => name.slice(2)),
  );
  const entries = ['client.ts', 'follow.ts', 'texts.ts', 'index.ts'];
  expect(exported.toSorted()).toEqual(files.filter((file) => !entries.includes(file)).toSorted());
});
