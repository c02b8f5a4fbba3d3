import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const START = fileURLToPath(new URL('../start-emulated.ts', import.meta.url));

const start = (...args: string[]) =>
  spawnSync(process.execPath, [START, ...args], { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' });

test('start:emulated says what its options are', () => {
  const { status, stdout, stderr } = start('--help');
  expect([status, stderr]).toEqual([0, '']);
  for (const option of ['--port', '--data-dir', '--instances', '--json']) expect(stdout).toContain(option);
});

test('start:emulated where no directory can be made says so, and does not hang', () => {
  expect(start('--data-dir', '/proc/nope')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^runvoy: The data directory \/proc\/nope cannot be used: .* Choose another with --data-dir\.\n$/,
    ),
  });
});
