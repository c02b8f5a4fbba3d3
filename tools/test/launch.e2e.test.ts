import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const repository = join(import.meta.dirname, '../..');
const OLD_NODE = { RUNVOY_TEST_NODE_VERSION: '20.0.0' };
const INSTALL_LIMIT_MS = 180_000;

type End = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** The working files as a clone would have them, without anything installed, built or cached. */
function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'runvoy-clone-'));
  const absent = ['node_modules', 'dist', 'coverage', '.git', '.cache'];
  cpSync(repository, tree, { recursive: true, filter: (file) => !absent.includes(basename(file)) });
  // The task that these tests start; it tells how it was started.
  mkdirSync(join(tree, 'benchmarks'), { recursive: true });
  writeFileSync(
    join(tree, 'benchmarks/bench.ts'),
    `const [, , order, ...rest]: string[] = process.argv;
    if (order === 'wait') {
      const seen: string[] = [];
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => seen.push(signal));
      // A second signal would have arrived by then.
      const look = setInterval(() => {
        if (seen.length === 0) return;
        console.log(seen.join());
        clearInterval(look);
        process.exitCode = 9;
      }, 200);
    }
    // Told last: the reader may answer at once with a signal.
    console.log(JSON.stringify({ version: process.version, node: process.execPath, path: process.env.PATH, rest,
      cwd: process.cwd(), launchedAt: Number(process.env.RUNVOY_LAUNCHED_AT_MS) }));
    if (order === 'exit') process.exitCode = Number(rest[0]);
    if (order === 'die') process.kill(process.pid, 'SIGKILL');`,
  );
  return tree;
}

function startLauncher(tree: string, args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  // Without what an outer npm says about its own checkout.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'CI');
  const child = spawn(process.execPath, [join(tree, 'tools/launch.cjs'), ...args], {
    cwd: tree,
    env: { ...Object.fromEntries(inherited), ...env },
  });
  child.stdin.end();
  return child;
}

function ended(child: ChildProcessWithoutNullStreams): Promise<End> {
  const end: End = { code: null, signal: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (end.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (end.stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ ...end, code, signal }));
  });
}

const launch = (tree: string, args: string[], env?: Record<string, string>): Promise<End> =>
  ended(startLauncher(tree, args, env));

describe('a fresh clone', () => {
  let tree: string;
  let first: End;
  let second: End;
  let startedAt: number;

  beforeAll(async () => {
    tree = copyTree();
    startedAt = Date.now();
    [first, second] = await Promise.all([
      launch(tree, ['bench', 'tell', 'a', '--b'], OLD_NODE),
      launch(tree, ['bench', 'tell'], OLD_NODE),
    ]);
  }, INSTALL_LIMIT_MS);
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  test('installs with one progress line while a second launcher waits', () => {
    expect([first.stderr, second.stderr].toSorted()).toEqual([
      expect.stringMatching(/^runvoy: installing dependencies \.\.\. \d+\.\d s\n$/),
      expect.stringMatching(/^runvoy: waiting for process \d+, which is preparing this checkout \.\.\. \d+\.\d s\n$/),
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
  });

  test('runs the task on the Node that came with it, which is first in PATH', () => {
    const told = JSON.parse(first.stdout) as {
      version: string;
      node: string;
      path: string;
      rest: string[];
      cwd: string;
    };
    const pins = JSON.parse(readFileSync(join(repository, 'tools/node-pins.json'), 'utf8')) as { version: string };
    expect(told).toMatchObject({ version: `v${pins.version}`, rest: ['a', '--b'], cwd: tree });
    expect(relative(tree, told.node)).toMatch(/^node_modules.node-/);
    expect(told.node.startsWith(told.path.split(':')[0] ?? '?')).toBe(true);
  });

  test('tells the task when it was launched', () => {
    const { launchedAt } = JSON.parse(first.stdout) as { launchedAt: number };
    expect(launchedAt).toBeGreaterThanOrEqual(startedAt - 1);
    expect(launchedAt).toBeLessThanOrEqual(startedAt + 5_000);
  });

  test('says nothing the next time', async () => {
    expect(await launch(tree, ['bench', 'tell'], OLD_NODE)).toMatchObject({ code: 0, stderr: '' });
  });

  test('passes on how the task ended', async () => {
    expect(await launch(tree, ['bench', 'exit', '37'])).toMatchObject({ code: 37 });
    expect(await launch(tree, ['bench', 'die'])).toMatchObject({ signal: 'SIGKILL' });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('hands %s on once and waits for the end of the task', async (signal) => {
    const child = startLauncher(tree, ['bench', 'wait']);
    child.stdout.once('data', () => child.kill(signal));
    const end = await ended(child);
    expect(end.code).toBe(9);
    expect(end.stdout.trim().split('\n').at(-1)).toBe(signal);
  });

  test('accepts what npm has installed without it, and takes over the lock of a dead process', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    mkdirSync(join(tree, '.cache/launch/lock'), { recursive: true });
    writeFileSync(join(tree, '.cache/launch/lock/pid'), String(dead));
    rmSync(join(tree, 'node_modules/.runvoy-install'));
    expect(await launch(tree, ['bench', 'tell'], OLD_NODE)).toMatchObject({ code: 0, stderr: '' });
  });

  test('refuses a Node that is not the pinned one', async () => {
    const { node } = JSON.parse(first.stdout) as { node: string };
    const { length } = readFileSync(node);
    appendFileSync(node, '!');
    const refused = await launch(tree, ['bench', 'tell'], OLD_NODE);
    truncateSync(node, length);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^runvoy: node_modules\S+ is not the pinned Node .*\n$/);
    expect(await launch(tree, ['bench', 'tell'], OLD_NODE)).toMatchObject({ code: 0, stderr: '' });
  });

  test('says what to install when the Node is too old and none came with the dependencies', async () => {
    const { node } = JSON.parse(first.stdout) as { node: string };
    rmSync(node);
    const refused = await launch(tree, ['bench', 'tell'], OLD_NODE);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^runvoy: Node \S+ is too old and node-\S+ was not installed: install Node 26.*\n$/);
  });
});

describe('without an install', () => {
  test('shows what npm said when it fails', async () => {
    const tree = copyTree();
    const folder = join(tree, 'broken-npm');
    mkdirSync(folder);
    writeFileSync(join(folder, 'npm'), '#!/bin/sh\necho "the registry is away" >&2\nexit 7\n', { mode: 0o755 });
    const end = await launch(tree, ['bench'], { PATH: `${folder}:${process.env['PATH']}` });
    rmSync(tree, { recursive: true, force: true });
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(
      /^runvoy: installing dependencies \.\.\. \d+\.\d s\nthe registry is away\nrunvoy: "npm ci .*failed with exit code 7; .*\n$/,
    );
  });

  test('refuses an unsupported platform in one line', async () => {
    const end = await launch(repository, ['bench'], { ...OLD_NODE, RUNVOY_TEST_PLATFORM: 'sunos-sparc' });
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/^runvoy: sunos-sparc is not supported .*\n$/);
  });

  test('names the tasks when asked for an unknown one', async () => {
    const end = await launch(repository, ['strat']);
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/^runvoy: no task "strat"; there are: start, start:emulated, test, .*\n$/);
  });
});
