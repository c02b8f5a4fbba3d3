import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { cloudSdkWith } from './cloud-sdk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LOADER = fileURLToPath(new URL('load-cloudbuild.py', import.meta.url));
const FILES = ['cloudbuild.yaml', 'cloudbuild-pr.yaml'];

interface Step {
  readonly id: string;
  readonly name: string;
  readonly entrypoint?: string;
  readonly args: readonly string[];
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const stepsOf = (file: string) => (parse(read(file)) as { readonly steps: readonly Step[] }).steps;
const scriptOf = (step: Step) => step.args.at(-1)!.replaceAll('$$', '$');
const stepOf = (id: string) => stepsOf('cloudbuild.yaml').find((step) => step.id === id)!;

const sdk = cloudSdkWith('lib/googlecloudsdk/api_lib/cloudbuild/config.py');
const isAllowed = sdk !== undefined || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const bySdk = isAllowed ? test : test.skip;
const because = isAllowed ? '' : ' — skipped: no Cloud SDK on this machine';

bySdk(`the build files are builds to gcloud’s own loader, and what is none is refused${because}`, () => {
  const files = [...FILES, 'docker-compose.emulators.yml'].map((file) => join(root, file));
  const { stdout, stderr } = spawnSync('python3', [LOADER, sdk ?? '', ...files], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const [...loaded] = JSON.parse(stdout) as { readonly steps?: readonly Step[]; readonly problem?: string }[];
  expect(loaded.map(({ steps = [] }) => steps.map(({ id }) => id))).toEqual([
    ...FILES.map((file) => stepsOf(file).map(({ id }) => id)),
    [],
  ]);
  expect(loaded.map(({ problem }) => problem !== undefined)).toEqual([false, false, true]);
});

describe.each(FILES)('%s', (file) => {
  test('runs scripts that bash can read, and ends a step with its first failure', () => {
    for (const step of stepsOf(file).filter(({ entrypoint }) => entrypoint === 'bash')) {
      expect([step.id, step.args[0]]).toEqual([step.id, '-ceu']);
      const { status, stderr } = spawnSync('bash', ['-n', '-c', scriptOf(step)], { encoding: 'utf8' });
      expect([step.id, stderr, status]).toEqual([step.id, '', 0]);
    }
  });

  test('builds the images that there are, on the Node that they run on', () => {
    const stages = [...read('Dockerfile').matchAll(/ AS (\S+)$/gm)].map(([, name]) => name!);
    const built = [...read(file).matchAll(/for image in ([\w ]+);/g)].flatMap(([, names]) => names!.split(' '));
    expect(built.filter((name) => !stages.includes(name))).toEqual([]);
    expect(read(file)).toContain(`_NODE_IMAGE: ${/^ARG NODE_IMAGE=(\S+)-slim$/m.exec(read('Dockerfile'))![1]}\n`);
  });

  test('asks the tests for stages that there are', () => {
    const { args } = stepsOf(file).find(({ id }) => id === 'test')!;
    const known = read('tools/check.ts');
    for (const stage of args.slice(2)) expect([stage, known.includes(`'${stage}'`)]).toEqual([stage, true]);
  });
});

test('a release is deployed without traffic, tried, and only then given the traffic', () => {
  const order = stepsOf('cloudbuild.yaml').map(({ id }) => id);
  expect(order).toEqual(['install', 'test', 'build', 'push', 'deploy', 'smoke', 'shift', 'smoke-live']);
  const deploying = stepsOf('cloudbuild.yaml').filter(({ args }) => args.join(' ').includes('gcloud run deploy'));
  expect(deploying.map(({ id }) => id)).toEqual(['deploy']);
  expect(scriptOf(stepOf('deploy'))).toContain('--no-traffic --tag candidate');
  const shifting = stepsOf('cloudbuild.yaml').filter(({ args }) => args.join(' ').includes('update-traffic'));
  expect(shifting.map(({ id }) => id)).toEqual(['shift']);
  expect(scriptOf(stepOf('smoke'))).toContain('node tools/smoke.ts');
});

test('the services that are deployed and shifted are those that Terraform makes', () => {
  const services = ['orchestrator', 'processor', 'intake', 'websocket'];
  for (const id of ['deploy', 'shift']) {
    const named = /for service in ([\w ]+);/.exec(scriptOf(stepOf(id)))![1]!.split(' ');
    expect([id, named.toSorted()]).toEqual([id, services.toSorted()]);
  }
});

test('the address of a candidate is found in what gcloud describes', () => {
  const program = /python3 -c '([^']+)'/.exec(scriptOf(stepOf('deploy')))![1]!;
  const traffic = [{ percent: 100 }, { tag: 'candidate', url: 'https://candidate---x.run.app' }];
  const { stdout } = spawnSync('python3', ['-c', program], {
    encoding: 'utf8',
    input: JSON.stringify({ status: { traffic } }),
  });
  expect(stdout).toBe('https://candidate---x.run.app\n');
});
