import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const INFRA = fileURLToPath(new URL('../infra.ts', import.meta.url));
const isAllowed = spawnSync('terraform', ['version']).status === 0 || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const inTerraform = isAllowed ? test : test.skip;
const titled = (title: string) => `infra plan ${title}${isAllowed ? '' : ' — skipped: no terraform on this machine'}`;

const MINIMAL = {
  project_id: 'my-project',
  region: 'europe-west1',
  admin_email: 'you@example.com',
  release: '0.1.0',
};

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'runvoy-infra-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function plan(example: string, values: object) {
  const file = join(folder, 'values.tfvars.json');
  writeFileSync(file, JSON.stringify(values));
  return spawnSync(process.execPath, [INFRA, 'plan', example, file], { encoding: 'utf8' });
}

inTerraform(titled('says what would be made, who could reach it, and what is protected'), () => {
  const { status, stdout, stderr } = plan('minimal', MINIMAL);
  expect([stderr, status]).toEqual(['', 0]);
  expect(stdout).toMatch(/^\d{3} resources would be made\.\n/);
  expect(stdout).toContain('pubsub: 3 pubsub_subscription');
  expect(stdout.match(/ {2}runvoy-\w+: it checks by itself who calls/g)).toHaveLength(3);
  expect(stdout).not.toContain('runvoy-processor: it checks');
  expect(stdout).toContain('  firestore_database runvoy\n');
  expect(stdout).not.toContain('always there');
});

inTerraform(titled('names what costs while nobody uses it, where something was chosen'), () => {
  const { status, stdout, stderr } = plan('production', {
    ...MINIMAL,
    domain: 'runvoy.example.com',
    notification_channels: [],
    billing_account: '012345-567890-ABCDEF',
  });
  expect([stderr, status]).toEqual(['', 0]);
  for (const row of [
    'runvoy-websocket: 1 instance always there',
    'connector: 2 e2-micro',
    'load balancer',
    'key pubsub',
  ]) {
    expect(stdout).toContain(`  ${row}`);
  }
});

inTerraform(titled('names every value that is wrong, and makes no plan'), () => {
  const { status, stdout, stderr } = plan('minimal', { ...MINIMAL, region: 'europe', release: 'latest' });
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toContain('region must be a region, such as europe-west1.');
  expect(stderr).toContain('latest is neither');
});

test.each([
  [['plan', 'minimal', '/nowhere/values.tfvars'], 'There is no file /nowhere/values.tfvars.'],
  [['plan', 'huge', 'values.tfvars'], 'usage:'],
  [['apply'], 'usage:'],
])('infra %j says what is wrong with it', (args, problem) => {
  const { status, stderr } = spawnSync(process.execPath, [INFRA, ...args], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, expect.stringContaining(problem)]);
});
