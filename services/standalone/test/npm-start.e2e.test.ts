import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { newDirectory } from './server.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../../tools/launch.cjs', import.meta.url));

/** Starts as `npm start` does, and waits until `marker` is printed. */
async function startUntil(
  marker: string,
  args: readonly string[],
  command: readonly [string, ...string[]] = [process.execPath],
): Promise<{ readonly output: string; readonly process: ChildProcess }> {
  const [file, ...before] = command;
  const started = spawn(file, [...before, LAUNCHER, 'start', ...args], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RUNVOY_PORT: '', RUNVOY_LOCAL_ISOLATION: 'process' },
  });
  let output = '';
  const seen = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(marker)) resolve();
    };
    started.stdout.on('data', take);
    started.stderr.on('data', take);
    started.once('exit', (code) => reject(new Error(`npm start ended with ${code}: ${output}`)));
  });
  await seen;
  return { output, process: started };
}

async function stop(started: ChildProcess): Promise<number | null> {
  if (started.exitCode !== null) return started.exitCode;
  const exited = once(started, 'exit');
  started.kill('SIGTERM');
  await exited;
  return started.exitCode;
}

describe('npm start', () => {
  test('runs a first command live, prints what to do next, and the printed commands work', async () => {
    const dataDir = newDirectory();
    const { output, process: started } = await startUntil('run --timeout 2s sleep 60', ['--data-dir', dataDir]);
    try {
      expect(output).toMatch(/Hello from runvoy[^]*and this one to stderr[^]*done/);
      expect(output).toMatch(
        /succeeded · exit 0 · 3\.\d s · \d+ lines, complete, verified · isolation process · http:/,
      );
      expect(output).toMatch(/first line \d+\.\d s after the start/);
      expect(output).toContain(`Data         ${dataDir}`);
      expect(output).toMatch(/Isolation\s+process: .*\n.*not kept from your files/);
      expect(output).toMatch(/Stop\s+Ctrl-C/);
      // A sign-in link is a credential: it is for terminals, not for logs.
      expect(output).not.toContain('#claim=');

      const commands = output.split('Try in another terminal:\n')[1]!.trim().split('\n').slice(0, 3);
      const results = commands.map((command) =>
        spawnSync('/bin/sh', ['-c', command.trim()], {
          encoding: 'utf8',
          cwd: '/',
          env: { ...process.env, RUNVOY_PORT: '' },
        }),
      );
      expect(results.map((result) => result.status)).toEqual([0, 0, 124]);
      expect(results[0]!.stdout).toBe('line 1\nline 2\nline 3\n');
      expect(results[1]!.stdout).toContain('SUCCEEDED');
    } finally {
      expect(await stop(started)).toBe(0);
    }

    const again = await startUntil('Latest runs:', ['--data-dir', dataDir]);
    expect(again.output).not.toContain('Hello from runvoy: this line went to stdout\n');
    expect(await stop(again.process)).toBe(0);
  });

  const script = '/usr/bin/script';
  const isThere = existsSync(script);
  const onTerminal = isThere ? test : test.skip;
  onTerminal(
    isThere ? 'prints a single-use sign-in link on a terminal' : 'prints a sign-in link — skipped: no script(1)',
    async () => {
      const dataDir = newDirectory();
      const inner = `${process.execPath} ${LAUNCHER} start --no-first-run --data-dir ${dataDir}`;
      const terminal = spawn(script, ['-qec', inner, '/dev/null'], {
        cwd: REPOSITORY,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let output = '';
      for await (const chunk of terminal.stdout) {
        output += String(chunk);
        if (output.includes('Try in another terminal')) break;
      }
      const link = /(http:\/\/127\.0\.0\.1:\d+)\/#claim=([\w-]+)/.exec(output);
      const claim = () => fetch(`${link![1]}/api/v1/claim/${link![2]}`, { method: 'POST' });
      expect((await claim()).status).toBe(200);
      expect((await claim()).status).toBe(409);
      terminal.stdin.write('\u0003');
      await once(terminal, 'exit');
    },
  );
});
