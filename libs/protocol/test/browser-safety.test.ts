import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { expect, test } from '@jest/globals';

const SRC = new URL('../src/', import.meta.url);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const importsOf = (file: string) =>
  Array.from(
    readFileSync(new URL(file, SRC), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g),
    ([, name]) => name!,
  );

test.each(files)("%s imports nothing of Node's, and uses none of its globals", (file) => {
  for (const name of importsOf(file))
    expect([name, name.startsWith('node:') || builtinModules.includes(name)]).toEqual([name, false]);
  expect(readFileSync(new URL(file, SRC), 'utf8')).not.toMatch(/\b(?:process|Buffer|require|__dirname)\b[.(]/);
});

test('schemas and their library stay behind their own export: clients import types and plain functions only', () => {
  for (const file of files.filter((name) => !name.startsWith('schemas/'))) {
    expect([file, importsOf(file).filter((name) => name.includes('typebox') || name.includes('schemas'))]).toEqual([
      file,
      [],
    ]);
  }
});

test('every source is part of an export', () => {
  const exported = ['index.ts', 'schemas/index.ts'].flatMap((index) =>
    importsOf(index).map((name) => (index.startsWith('schemas/') ? 'schemas/' : '') + name.slice(2)),
  );
  expect(exported.toSorted()).toEqual(files.filter((file) => !file.endsWith('index.ts')).toSorted());
});
