import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rootModule } from '../infra/root-module.ts';
import { openTerraformWorkspace, plannedBy } from '../terraform/terraform-workspace.ts';

const INFRA = fileURLToPath(new URL('../infra.ts', import.meta.url));
const isAllowed = spawnSync('terraform', ['version']).status === 0 || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const inTerraform = isAllowed ? test : test.skip;
const titled = (title: string) => `infra plan ${title}${isAllowed ? '' : ' — skipped: no terraform on this machine'}`;

const LINE = ['--project', 'my-project', '--region', 'europe-west1'];

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'runvoy-infra-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const env = () => ({ PATH: process.env['PATH'], HOME: folder });
const infra = (...args: readonly string[]) =>
  spawnSync(process.execPath, [INFRA, ...args], { encoding: 'utf8', env: env() });

function settings(values: object): string {
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(values));
  return file;
}

inTerraform(titled('says what would be done, made and reached, what it costs at rest, and what is protected'), () => {
  const { status, stdout, stderr } = infra('plan', ...LINE);
  expect([stderr, status]).toEqual(['', 0]);
  expect(stdout).toMatch(/^In my-project, europe-west1, \d{3} resources would be made; Google was not asked\.\n/);
  expect(stdout).toContain('pubsub: 3 pubsub_subscription');
  expect(stdout.match(/ {2}runvoy-\w+: it checks by itself who calls/g)).toHaveLength(3);
  expect(stdout).not.toContain('runvoy-processor: it checks');
  expect(stdout).toContain('  firestore_database runvoy\n');
  expect(stdout).not.toContain('always there');
  // Two schedules, their requests, and two secrets.
  expect(stdout).toMatch(/ 0\.43 USD {2}together, at list prices/);
  expect(stdout).toContain('  2. makes the bucket gs://my-project-terraform');
});

inTerraform(titled('sums what costs while nobody uses it, where something was chosen, for programs too'), () => {
  const chosen = settings({
    kms_stores: ['secrets', 'firestore', 'storage', 'pubsub', 'artifact_registry'],
    network: {},
    load_balancer: { domain: 'runvoy.example.com', armor: { requests_per_minute: 600 } },
    scaling: { websocket: { min: 1 }, orchestrator: { min: 2, cpu: '2', memory: '1Gi' } },
  });
  const { status, stdout, stderr } = infra('plan', ...LINE, '--settings', chosen, '--json');
  expect([stderr, status]).toEqual(['', 0]);
  const { idle_cost: cost } = JSON.parse(stdout) as {
    idle_cost: { rows: { what: string; usd?: number }[]; usd_a_month: number };
  };
  const usd = (what: string) => cost.rows.find((row) => row.what.includes(what))?.usd;
  expect(usd('runvoy-websocket: 1 instance')).toBeCloseTo(2_592_000 * (0.0000025 + 0.5 * 0.0000025), 6);
  expect(usd('runvoy-orchestrator: 2 instance')).toBeCloseTo(2 * 2_592_000 * (2 * 0.0000025 + 0.0000025), 6);
  expect(usd('connector: 2 e2-micro')).toBeCloseTo(2 * 720 * 0.0084, 6);
  expect(usd('load balancer: 1 forwarding rule')).toBe(18);
  expect(usd('Cloud Armor: one policy, 2 rules')).toBe(7);
  expect(cost.rows.filter(({ what }) => what.startsWith('key '))).toHaveLength(5);
  expect(cost.usd_a_month).toBeCloseTo(
    cost.rows.reduce((sum, { usd: one = 0 }) => sum + one, 0),
    1,
  );
});

inTerraform(titled('names every value that is wrong, and makes no plan'), () => {
  const { status, stdout, stderr } = infra(
    'plan',
    '--project',
    'my-project',
    '--region',
    'europe',
    '--version',
    'latest',
  );
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toContain('region must be a region, such as europe-west1.');
  expect(stderr).toContain('latest is neither');
});

inTerraform(titled('names fields that Terraform would leave away without a word'), () => {
  const mistyped = settings({ scaling: { websocket: { mxa: 3 }, web: {} }, keep_alive: true });
  const { status, stdout, stderr } = infra('plan', ...LINE, '--settings', mistyped);
  expect([stdout, status]).toEqual(['', 2]);
  expect(stderr).toContain('These fields are of no variable: scaling.websocket.mxa, scaling.web.');
});

inTerraform(titled('leaves nothing behind when it is interrupted, and says in JSON that it was'), async () => {
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  const begun = watch(temporary)[Symbol.asyncIterator]().next();
  const child = spawn(process.execPath, [INFRA, 'plan', ...LINE, '--json'], {
    env: { ...env(), TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'close');
  await begun;
  child.kill('SIGINT');
  const said = await textOf(child.stderr);
  expect([await exited, JSON.parse(said), readdirSync(temporary)]).toEqual([
    [1, null],
    { error: { code: 'FAILED', message: 'It was interrupted.' } },
    [],
  ]);
});

test('infra plan says what terraform is when it cannot be started, not where', () => {
  const home = mkdtempSync(join(folder, 'locked-'));
  writeFileSync(join(home, 'terraform'), 'not a program', { mode: 0o644 });
  const ran = spawnSync(process.execPath, [INFRA, 'plan', ...LINE], {
    encoding: 'utf8',
    env: { PATH: home, HOME: home },
  });
  expect([ran.status, ran.stderr]).toEqual([
    1,
    expect.stringMatching(/^runvoy: terraform could not be started: .*\n$/),
  ]);
});

inTerraform(titled('and what apply hands to Terraform are the same resources, valid for its schema'), async () => {
  await using workspace = await openTerraformWorkspace();
  const deployment = join(workspace.folder, 'deployment');
  mkdirSync(join(deployment, 'tests'), { recursive: true });
  const told = {
    project: 'my-project',
    region: 'europe-west1',
    admin: 'you@example.com',
    version: '0.1.0',
    stateBucket: 'my-project-terraform',
    // A text of somebody's, and no expression.
    variables: { keep_alive: true, prices: '{"note": "${1 + 1} %{ if true }"}' },
  };
  writeFileSync(join(deployment, 'main.tf.json'), rootModule(told, workspace.folder));
  writeFileSync(join(deployment, 'tests', 'plan.tftest.hcl'), MOCKED);
  const init = await workspace.run('deployment', 'init', '-backend=false', '-input=false', '-no-color');
  expect(init).toMatchObject({ status: 0 });
  const resources = plannedBy(await workspace.run('deployment', 'test', '-json', '-verbose'));
  expect(resources.map(({ address }) => address)).toContain(
    'module.runvoy.module.scheduler.google_cloud_scheduler_job.keep_alive[0]',
  );
  const services = resources.filter(({ type }) => type === 'google_cloud_run_v2_service');
  expect(JSON.stringify(services)).toContain(String.raw`\"note\": \"${'$'}{1 + 1} %{ if true }\"`);
});

const MOCKED = `mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}
run "plan" {
  command = plan
}
`;

/** Knows who is signed in, and that nothing is kept. */
const GCLOUD = `#!/bin/sh
case "$*" in
  *'get account'*) echo you@example.com ;;
  *print-access-token*) echo token ;;
  *'storage cat'*) echo 'matched no objects' >&2; exit 1 ;;
  *'storage'*|*enable*) echo "$*" >> "$HOME/asked" ;;
  *version*) echo '{}' ;;
esac
`;

inTerraform(
  titled('is what apply shows before it asks, and Ctrl-C is an answer to that'),
  async () => {
    const home = join(folder, 'interrupted');
    mkdirSync(home);
    writeFileSync(join(home, 'gcloud'), GCLOUD, { mode: 0o755 });
    const child = spawn(process.execPath, [INFRA, 'apply', ...LINE], {
      env: { PATH: `${home}${delimiter}${process.env['PATH']}`, HOME: home, RUNVOY_GOOGLE_APIS: 'http://127.0.0.1:9' },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.endsWith('Type yes: ')) child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said.split('\n').at(-2)]).toEqual([1, expect.stringContaining('runvoy: Nothing was changed.')]);
    expect(existsSync(join(home, 'asked'))).toBe(false);
  },
  60_000,
);

inTerraform(titled('refuses what apply --yes would have made of it, before anything is asked for or kept'), () => {
  const home = join(folder, 'mars');
  mkdirSync(home);
  writeFileSync(join(home, 'gcloud'), GCLOUD, { mode: 0o755 });
  const { status, stderr } = spawnSync(
    process.execPath,
    [INFRA, 'apply', '--project', 'my-project', '--region', 'mars', '--yes'],
    { encoding: 'utf8', env: { PATH: `${home}${delimiter}${process.env['PATH']}`, HOME: home } },
  );
  expect([status, stderr]).toEqual([1, expect.stringContaining('region')]);
  expect(existsSync(join(home, 'asked'))).toBe(false);
});
