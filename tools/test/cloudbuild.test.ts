import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
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

  test('builds the images that there are, on the Node that they run on', () => {
    const stages = [...read('Dockerfile').matchAll(/ AS (\S+)$/gm)].map(([, name]) => name!);
    const built = [...read(file).matchAll(/for image in ([\w ]+);/g)].flatMap(([, names]) => names!.split(' '));
    expect(built.filter((name) => !stages.includes(name))).toEqual([]);
    const base = /^NODE_IMAGE=docker\.io\/library\/(\S+)-slim$/m.exec(read('Dockerfile.args'))![1];
    expect(read(file)).toContain(`_NODE_IMAGE: ${base}\n`);
  });
});

describe.each(TESTED)('%s', (file) => {
  test('asks the tests for stages that there are', () => {
    const asking = stepsOf(file).filter(({ entrypoint, args }) => entrypoint === 'npm' && args[0] === 'test');
    const known = read('tools/check.ts');
    for (const stage of asking.flatMap(({ args }) => args.slice(2))) {
      expect([stage, known.includes(`'${stage}'`)]).toEqual([stage, true]);
    }
    expect(asking.flatMap(({ args }) => args.slice(2))).toEqual(expect.arrayContaining(['lint', 'types', 'unit']));
  });
});

test('a release is deployed without traffic, tried, and only then given the traffic', () => {
  const order = stepsOf('cloudbuild.yaml').map(({ id }) => id);
  expect(order.join(' ')).toBe('install check test bases build push deploy smoke shift smoke-live shift-back tag');
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

const GCLOUD = `#!/bin/sh
echo "gcloud $*" >> "$LOG"
case "$*" in *"$REFUSED"*) exit 1 ;; esac
case "$*" in
  *'--format json') echo '{"status":{"traffic":[{"revisionName":"old-a","percent":90},{"revisionName":"old-b","percent":10},{"tag":"candidate","url":"https://candidate---'"$4"'.run.app"}]}}' ;;
  *'value(status.url)') echo https://live.run.app ;;
esac
`;
/** The smoke test fails at the address it is told to fail at. */
const NODE = `#!/bin/sh
echo "node $* at \${RUNVOY_API_ENDPOINT:-nowhere}" >> "$LOG"
case "$* \${RUNVOY_API_ENDPOINT:-}" in tools/smoke.ts*"$BROKEN"*) exit 1 ;; esac
`;
/** What may stand before an interpreter costs more than it does. */
const PYTHON = `#!/bin/sh
exec ${spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim()} -S -E "$@"
`;
const DOCKER = `#!/bin/sh
echo "docker $*" >> "$LOG"
`;

/**
 * Goes through the steps of the build as Cloud Build does, one after the other until one fails, with programs that only say what they are
 * asked, and what is refused or broken of it. Answers that, and the step that failed.
 */
function build(
  broken: string,
  refused = 'nothing',
): { readonly asked: readonly string[]; readonly failed: string | undefined } {
  const directory = mkdtempSync(join(tmpdir(), 'runvoy-build-'));
  try {
    for (const [name, text] of Object.entries({
      gcloud: GCLOUD,
      node: NODE,
      npm: NODE,
      docker: DOCKER,
      python3: PYTHON,
    })) {
      writeFileSync(join(directory, name), text, { mode: 0o755 });
    }
    const log = join(directory, 'log');
    const env = {
      PATH: `${directory}:${process.env['PATH']}`,
      LOG: log,
      BROKEN: broken,
      REFUSED: refused,
      RUNVOY_API_KEY: 'key',
      REPOSITORY: 'registry/runvoy',
      COMMIT: '',
    };
    const told = (text: string) =>
      text.replaceAll('${_RELEASE}', '1.2.3').replaceAll('/workspace/', `${directory}/`).replaceAll('$$', '$');
    const failed = stepsOf('cloudbuild.yaml').find(
      ({ entrypoint, args }) =>
        spawnSync(entrypoint!, args.map(told), { cwd: root, env, encoding: 'utf8' }).status !== 0,
    );
    return { asked: readFileSync(log, 'utf8').trimEnd().split('\n'), failed: failed?.id };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('a release', () => {
  const shifts = (asked: readonly string[]) => asked.filter((line) => line.includes('update-traffic')).length;
  const tags = (asked: readonly string[]) => asked.filter((line) => line.includes('tags add')).length;

  test('is built on bases that were looked at, told its version, tried, given the traffic, tried again and tagged', () => {
    const { asked, failed } = build('nowhere');
    expect(failed).toBeUndefined();
    const first = (part: string) => asked.findIndex((line) => line.includes(part));
    const order = [
      'pin-bases',
      'docker build',
      'docker push',
      'run deploy',
      'candidate---',
      'update-traffic',
      'live.run',
      'tags add',
    ];
    expect(order.map(first)).toEqual(order.map(first).toSorted((a, b) => a - b));
    expect(first('pin-bases')).toBeGreaterThan(-1);
    const built = asked.filter((line) => line.startsWith('docker build'));
    expect(built).toHaveLength(4);
    const bases = [...read('Dockerfile.args').matchAll(/^\w+=.*$/gm)].map(([line]) => `--build-arg ${line}`).join(' ');
    expect(built[0]).toBe(
      `docker build ${bases} --target orchestrator --tag registry/runvoy/orchestrator:1.2.3 --build-arg RELEASE=1.2.3 --build-arg REVISION=unknown .`,
    );
    expect([shifts(asked), tags(asked)]).toEqual([4, 4]);
  });

  test('whose candidate fails the smoke test is given no traffic and no tag', () => {
    const { asked, failed } = build('candidate---runvoy-orchestrator');
    expect([failed, shifts(asked), tags(asked)]).toEqual(['smoke', 0, 0]);
    expect(asked.filter((line) => line.includes('run deploy')).every((line) => line.includes('--no-traffic'))).toBe(
      true,
    );
  });

  const services = ['intake', 'processor', 'websocket', 'orchestrator'];
  const forward = services.map((name) => `runvoy-${name} --to-latest`);
  const back = services.toReversed().map((name) => `runvoy-${name} --to-revisions old-a=90,old-b=10`);
  const shifted = (asked: readonly string[]) =>
    asked.flatMap((line) => /^gcloud run services update-traffic (.*)/.exec(line)?.[1] ?? []);

  test('that fails with the traffic is shifted back to what answered before, and given no tag', () => {
    const { asked, failed } = build('live.run');
    expect([failed, shifted(asked), tags(asked)]).toEqual(['shift-back', [...forward, ...back], 0]);
  });

  test('of which one service cannot be shifted is shifted back as far as it came', () => {
    const { asked, failed } = build('nowhere', 'update-traffic runvoy-websocket --to-latest');
    const some = back.filter((line) => !line.includes('orchestrator'));
    expect([failed, shifted(asked), tags(asked)]).toEqual(['shift-back', [...forward.slice(0, 3), ...some], 0]);
    expect(asked.filter((line) => line.includes('live.run'))).toEqual([]);
  });

  test('is not shifted while nobody can say what answers now', () => {
    const { asked, failed } = build('nowhere', 'describe runvoy-intake');
    expect([failed, shifted(asked)]).toEqual(['shift', []]);
  });
});
