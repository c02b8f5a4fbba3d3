import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';
import type { Exploration } from '../run-life-model.ts';

const MAIN = new URL('../run-life/model-main.ts', import.meta.url).pathname;

/** Planted bugs that are about the life of one run, each with the invariant that tells of it. */
const CAUGHT = {
  'missing-transition': 'not-terminal-in-bound: a stop is stored, the command runs on',
  'early-stopped': 'terminal-but-alive',
  'bootstrap-after-stop': 'no-late-start',
  'lost-answer-is-a-conflict': 'no-false-alarm',
  'forgotten-cancel': 'not-terminal-in-bound: a stop is stored, the command runs on',
  'silence-unnoticed': 'not-terminal-in-bound: the runner is dead, its command lives',
  'settle-without-the-lane': 'report-wins',
  'verdict-from-a-failed-read': 'no-verdict-from-error',
  'no-answer-is-an-end': 'no-verdict-from-error',
  'report-ignored': 'report-wins',
  'end-without-the-platform': 'terminal-but-alive',
  'stop-not-stored': 'stop-forgotten',
  'writes-without-a-change': 'tick-idempotent',
} as const;

/** `npm run test:plants` tries every bug, `npm test` every third one. */
const TRIED = Object.entries(CAUGHT).filter((_, at) => process.env['RUNVOY_EVERY_PLANT'] === '1' || at % 3 === 0);

/** The small models over sources with the bug in them, in a process of its own. */
function explorePlanted(bug: string): Promise<Exploration[]> {
  return new Promise((resolve, reject) => {
    const args = [MAIN, '--small', '--json', '--plant', bug];
    execFile(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout.startsWith('[')) resolve(JSON.parse(stdout) as Exploration[]);
      else reject(error ?? new Error(stderr));
    });
  });
}

test.each(TRIED)(
  'the model catches %s in a history of at most ten steps',
  async (bug, invariant) => {
    const found = (await explorePlanted(bug)).flatMap(({ broken }) => broken);
    const told = found.filter((known) => known.invariant === invariant);
    expect(told.length).toBeGreaterThan(0);
    expect(Math.min(...told.map(({ steps }) => steps.length))).toBeLessThanOrEqual(10);
  },
  60_000,
);
