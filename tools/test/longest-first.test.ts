import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import LongestFirst, { LONGEST } from '../check/longest-first.ts';

const root = join(import.meta.dirname, '..', '..');

/** A test file as jest describes it, as far as its order depends on it. */
const file = (name: string, bytes: number) => {
  const context = { config: { cache: false }, hasteFS: { getSize: () => bytes } };
  return { path: join(root, name), context } as unknown as Parameters<LongestFirst['sort']>[0][number];
};

test('the files that take longest come first, in that order, however small they are', async () => {
  const [longest, second] = [file(LONGEST[0]!, 1), file(LONGEST[1]!, 2)];
  const [small, large] = [file('libs/core/test/small.test.ts', 10), file('libs/core/test/large.test.ts', 20)];
  const sequencer = new LongestFirst({ contexts: [], globalConfig: {} as never });
  expect(await sequencer.sort([small, second, large, longest])).toEqual([longest, second, large, small]);
});

test.each(LONGEST)('%s, of which it is known that it takes long, is there', (name) => {
  expect(existsSync(join(root, name))).toBe(true);
});
