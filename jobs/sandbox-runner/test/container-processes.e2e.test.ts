import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ContainerEngine } from '../src/isolation/container-engine.ts';
import type { ContainerPipes } from '../src/isolation/container-pipes.ts';
import { openContainerProcesses } from '../src/isolation/container-processes.ts';
import { until } from './until.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'runvoy-engine-'));
});

afterEach(() => {
  if (existsSync(join(directory, 'child'))) process.kill(pidIn('child'));
  rmSync(directory, { recursive: true, force: true });
});

const pidIn = (name: string) => Number(readFileSync(join(directory, name), 'utf8'));

/** An engine with one container, that hangs the first time it is asked for `verb`, and does not end when it is told to. */
function engineThatHangsOnce(verb: 'ps' | 'rm' | 'never'): Pick<ContainerEngine, 'command' | 'env'> {
  const program = join(directory, 'engine');
  const script = [
    '#!/bin/sh',
    `cd ${directory}`,
    `if [ "$1" = ${verb} ] && mkdir hung 2>/dev/null; then echo $$ >pid; trap "" TERM; sleep 60 & echo $! >child; wait; exit 1; fi`,
    'case $1 in ps) [ -e removed ] || echo c1 ;; rm) : >removed ;; esac',
  ];
  writeFileSync(program, `${script.join('\n')}\n`, { mode: 0o700 });
  return { command: [program], env: { PATH: '/usr/bin:/bin' } };
}

test.each(['ps', 'rm'] as const)(
  'A container is removed although its engine hangs once when asked to %s, and what hung is killed',
  async (verb) => {
    const processes = openContainerProcesses(engineThatHangsOnce(verb), {
      executionId: 'e1',
      attempt: 1,
      answerMs: 500,
    });
    let isClosed = false;
    const pipes = { cut: () => undefined, close: () => void (isClosed = true) } as Partial<ContainerPipes>;
    processes.starting(pipes as ContainerPipes, Promise.resolve());
    await processes.killAll();
    expect(isClosed).toBe(true);
    expect(() => process.kill(pidIn('pid'), 0)).toThrow('ESRCH');
  },
);

test('A container that is still being made is removed at once, and the engine that makes it is not waited for', async () => {
  const engine = engineThatHangsOnce('never');
  const processes = openContainerProcesses(engine, { executionId: 'e1', attempt: 1, noticeMs: 60_000 });
  let made = () => {};
  const ended = new Promise<void>((resolve) => (made = resolve));
  const pipes = { cut: () => undefined, close: () => undefined } as Partial<ContainerPipes>;
  processes.starting(pipes as ContainerPipes, ended);
  const removed = processes.killAll();
  await until('the removal', () => existsSync(join(directory, 'removed')));
  made();
  await removed;
});
