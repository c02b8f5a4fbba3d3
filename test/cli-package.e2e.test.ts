import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newDirectory, startServer } from '../services/standalone/test/server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const start = promisify(execFile);
const folder = newDirectory();
const empty = join(folder, 'empty');
const env = {
  // What is installed finds the Node of these tests, and no configuration of this machine.
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  HOME: folder,
  npm_config_cache: join(folder, 'cache'),
};
const runvoy = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  start(join(empty, 'node_modules', '.bin', 'runvoy'), [...args], { cwd: empty, env: { ...env, ...more } });

beforeAll(async () => {
  await mkdir(empty);
  const packed = await start(process.execPath, [join(ROOT, 'tools', 'package-cli.ts'), folder], { env });
  const words = ['install', packed.stdout.trim(), '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await start('npm', words, { cwd: empty, env });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the packed client is one package without dependencies', async () => {
  const installed = await readdir(join(empty, 'node_modules'));
  expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['@runvoy']);
  expect(await readdir(join(empty, 'node_modules', '@runvoy'))).toEqual(['cli']);
});

test('the packed client tells its version and its commands', async () => {
  expect((await runvoy(['--version'])).stdout).toMatch(/^client {4}\d+\.\d+\.\d+\n$/);
  expect((await runvoy(['help'])).stdout).toContain('Commands:\n  run ');
  expect((await runvoy(['completion', 'bash'])).stdout).toContain('complete -o default -F _runvoy runvoy');
});

test('the packed client runs a command on a server and proves its log', async () => {
  await using server = await startServer();
  const access = { RUNVOY_API_ENDPOINT: server.ready.api_url, RUNVOY_API_KEY: server.key };
  const ran = await runvoy(['run', 'echo packed'], access);
  expect(ran.stdout).toBe('packed\n');
  expect(ran.stderr).toContain('succeeded · exit 0');
  expect(ran.stderr).toContain('complete, verified');
});

test('the packed client says where the server that it does not hold comes from', async () => {
  await expect(runvoy(['local'])).rejects.toMatchObject({
    stderr: expect.stringContaining('the local server is not part of this installation'),
  });
});

test('the packed client says where the files are that a deployment is made of', async () => {
  await expect(runvoy(['infra', 'plan', '--project', 'p'])).rejects.toMatchObject({
    stderr: expect.stringContaining('Clone the repository of runvoy and run there: ./runvoy infra'),
  });
});
