import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

test('the pinned Node is the one that package.json brings and asks for', () => {
  const pins = read('tools/node-pins.json') as { version: string; platforms: Record<string, { package: string }> };
  const manifest = read('package.json') as { optionalDependencies: object; engines: object };
  const brought = Object.values(pins.platforms).map((pin) => [pin.package, pins.version]);
  expect(manifest.optionalDependencies).toEqual(Object.fromEntries(brought));
  expect(manifest.engines).toEqual({ node: `>=${pins.version}` });
});
