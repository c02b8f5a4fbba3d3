import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { cloudSdkWith } from './cloud-sdk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LOADER = fileURLToPath(new URL('load-cloudbuild.py', import.meta.url));
const TESTED = ['cloudbuild.yaml', 'cloudbuild-pr.yaml'];
const FILES = [...TESTED, 'cloudbuild-images.yaml'];

interface Step {
  readonly id: string;
  readonly name: string;
  readonly entrypoint?: string;
  readonly args: readonly string[];
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const stepsOf = (file: string) => (parse(read(file)) as { readonly steps: readonly Step[] }).steps;
const PYTHON = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim();
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
  expect(loaded.map(({ problem }) => problem !== undefined)).toEqual([false, false, false, true]);
});

describe.each(FILES)('%s', (file) => {
  test('runs scripts that bash can read, and ends a step with its first failure', () => {
    for (const step of stepsOf(file).filter(({ entrypoint }) => entrypoint === 'bash')) {
      expect([step.id, step.args[0]]).toEqual([step.id, '-ceu']);
      const { status, stderr } = spawnSync('bash', ['-n', '-c', scriptOf(step)], { encoding: 'utf8' });
      expect([step.id, stderr, status]).toEqual([step.id, '', 0]);
    }
  });

  test('builds the images that there are', () => {
    const stages = [...read('Dockerfile').matchAll(/ AS (\S+)$/gm)].map(([, name]) => name!);
    const built = [...read(file).matchAll(/for image in ([\w ]+);/g)].flatMap(([, names]) => names!.split(' '));
    expect(built.length).toBeGreaterThan(3);
    expect(built.filter((name) => !stages.includes(name))).toEqual([]);
  });
});

describe.each(TESTED)('%s', (file) => {
  test('tests on the Node that the images run on', () => {
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
  expect(order).toEqual(['install', 'test', 'build', 'push', 'deploy', 'smoke', 'shift', 'smoke-live', 'shift-back']);
  const deploying = stepsOf('cloudbuild.yaml').filter(({ args }) => args.join(' ').includes('gcloud run deploy'));
  expect(deploying.map(({ id }) => id)).toEqual(['deploy']);
  expect(scriptOf(stepOf('deploy'))).toContain('--no-traffic --tag candidate');
  const shifting = stepsOf('cloudbuild.yaml').filter(({ args }) => args.join(' ').includes('update-traffic'));
  expect(shifting.map(({ id }) => id)).toEqual(['shift', 'shift-back']);
  expect(scriptOf(stepOf('smoke'))).toContain('node tools/smoke.ts');
});

test('the services that are deployed and shifted are those that Terraform makes', () => {
  const services = ['orchestrator', 'processor', 'intake', 'websocket'];
  for (const id of ['deploy', 'shift', 'shift-back']) {
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

describe('a release that goes wrong', () => {
  let workspace: string;
  beforeEach(() => void (workspace = mkdtempSync(join(tmpdir(), 'runvoy-build-'))));
  afterEach(() => rmSync(workspace, { recursive: true }));

  const stub = (name: string, text: string) => {
    writeFileSync(join(workspace, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(workspace, name), 0o755);
  };

  const BEFORE = JSON.stringify({
    status: {
      traffic: [
        { revisionName: 'old-a', percent: 90 },
        { revisionName: 'old-b', percent: 10 },
        { tag: 'candidate', url: 'https://candidate---x.run.app' },
      ],
    },
  });

  /** The steps from the deployment on, as Cloud Build runs them: in order, until one fails. Answers that one, and what gcloud was asked. */
  function released(plants: { readonly smoke?: string; readonly gcloud?: string }) {
    stub(
      'gcloud',
      `echo "$*" >> ${workspace}/asked\n${plants.gcloud ?? ''}\ncase "$*" in *json*) echo '${BEFORE}';; *url*) echo https://live;; esac`,
    );
    // What may stand before an interpreter costs more than it does.
    stub('python3', `exec ${PYTHON} -S -E "$@"`);
    stub('node', `case "$RUNVOY_API_ENDPOINT" in ${plants.smoke ?? 'nothing'}) exit 1;; esac`);
    const env = { PATH: `${workspace}${delimiter}${process.env['PATH']}`, REPOSITORY: 'r' };
    const steps = stepsOf('cloudbuild.yaml').slice(4);
    const failed = steps.find((step) => {
      const script = scriptOf(step).replaceAll('/workspace', workspace).replaceAll('${_RELEASE}', '0.2.0');
      return spawnSync('bash', ['-ceu', script], { env }).status !== 0;
    });
    const asked = existsSync(join(workspace, 'asked'))
      ? readFileSync(join(workspace, 'asked'), 'utf8').split('\n')
      : [];
    return {
      failed: failed?.id,
      shifts: asked.flatMap((line) => /^run services update-traffic (.*)/.exec(line)?.[1] ?? []),
    };
  }

  const services = ['intake', 'processor', 'websocket', 'orchestrator'];
  const forward = services.map((name) => `runvoy-${name} --to-latest`);
  const back = services.toReversed().map((name) => `runvoy-${name} --to-revisions old-a=90,old-b=10`);

  test('is none where nothing fails: the traffic is shifted and stays', () => {
    expect(released({})).toEqual({ failed: undefined, shifts: forward });
  });

  test('as a candidate shifts nothing', () => {
    expect(released({ smoke: '*candidate*' })).toEqual({ failed: 'smoke', shifts: [] });
  });

  test('with the traffic is shifted back to what answered before, and the build fails', () => {
    expect(released({ smoke: 'https://live' })).toEqual({
      failed: 'shift-back',
      shifts: [...forward, ...back],
    });
  });

  test('in the middle of the shift is shifted back, as far as it came', () => {
    const gcloud = 'case "$*" in *update-traffic*websocket*to-latest*) exit 1;; esac';
    const some = back.filter((line) => !line.includes('orchestrator'));
    expect(released({ gcloud })).toEqual({ failed: 'shift-back', shifts: [...forward.slice(0, 3), ...some] });
  });

  test('because nobody can say what answers now shifts nothing', () => {
    const gcloud = 'case "$*" in *describe*intake*) exit 1;; esac';
    expect(released({ gcloud })).toEqual({ failed: 'shift', shifts: [] });
  });
});
