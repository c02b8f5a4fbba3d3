import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { BatchReport } from '../batch.ts';
import type { PlantedBug } from '../planted-bug.ts';
import { PLANTED_BUGS } from '../planted-bugs.ts';

const MAIN = new URL('../main.ts', import.meta.url).pathname;
const ROOT = new URL('../../../../', import.meta.url);
const HISTORIES = 6_000;
const STEPS = 20;
/** `npm run test:plants` tries every bug, `npm test` every sixth one: a search takes seconds, and there are many. */
const TRIED = process.env['RUNVOY_EVERY_PLANT'] === '1' ? PLANTED_BUGS : PLANTED_BUGS.filter((_, at) => at % 6 === 0);

/** The simulation over sources with the bug in them, in a process of its own. */
function simulate({ name, flavour, faults }: PlantedBug): Promise<BatchReport> {
  const chosen = [
    ...(flavour === undefined ? [] : ['--flavour', flavour]),
    ...(faults === undefined ? [] : ['--faults', faults.join()]),
  ];
  const args = [
    MAIN,
    '--histories',
    String(HISTORIES),
    '--workers',
    '1',
    '--stories',
    '8',
    '--short',
    String(STEPS),
    '--json',
    '--plant',
    name,
    ...chosen,
  ];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as BatchReport);
      else reject(error ?? new Error(stderr));
    });
  });
}

describe('a planted bug is caught, and told in a short story', () => {
  test.each(TRIED.map((bug) => [bug.name, bug] as const))(
    '%s',
    async (_, bug) => {
      const { stories } = await simulate(bug);
      expect(stories.map((story) => story.isRepeatable)).not.toContain(false);
      const shortest = stories.toSorted((a, b) => a.steps.length - b.steps.length)[0];
      expect(shortest?.steps).toBeDefined();
      expect(shortest?.steps.slice(STEPS)).toEqual([]);
    },
    180_000,
  );
});

test('there are at least twenty, and each applies to the sources as they are', () => {
  expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(20);
  for (const { name, edits } of PLANTED_BUGS) {
    for (const { file, of, find } of edits) {
      const found = readFileSync(new URL(`${of ?? 'libs/core'}/src/${file}`, ROOT), 'utf8').split(find).length - 1;
      expect(`${name}: ${file} holds it ${found} times`).toBe(`${name}: ${file} holds it 1 times`);
    }
  }
});
