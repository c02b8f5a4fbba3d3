import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startProcessGroup } from '../src/emulators/process-group.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(isSo: () => boolean): Promise<void> {
  const over = Date.now() + 15_000;
  while (!isSo() && Date.now() < over) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isSo()).toBe(true);
}

const sh = (script: string): { command: string; args: string[] } => ({ command: '/bin/sh', args: ['-c', script] });

test('stopping ends what the program has started, also a child that outlives it', async () => {
  const group = startProcessGroup(sh('trap "" INT; sleep 60 & echo child $!; trap "exit 0" INT; wait'));
  await until(() => group.printed().startsWith('child '));
  const child = Number(group.printed().split(' ')[1]);
  expect(isAlive(child)).toBe(true);
  await group.stop();
  expect(isAlive(child)).toBe(false);
});

test('a program that ends by itself says so and keeps what it printed', async () => {
  const group = startProcessGroup(sh('echo no room >&2; exit 3'));
  if (!group.ended.aborted) await once(group.ended, 'abort');
  await until(() => group.printed() === 'no room');
  await group.stop();
});

test('the group ends when the process that started it is killed', async () => {
  const starter = execFile(process.execPath, [join(import.meta.dirname, 'starts-a-group.ts')]);
  let printed = '';
  starter.stdout?.on('data', (text: string) => (printed += text));
  await until(() => /pid \d+\n/.test(printed));
  starter.kill('SIGKILL');
  const pid = Number(printed.split(' ')[1]);
  await until(() => !isAlive(pid));
});
