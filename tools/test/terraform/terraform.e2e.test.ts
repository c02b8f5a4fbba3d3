import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GCP_VARIABLES, readGcpConfig } from '@runvoy/provider-gcp';
import { enumProblems } from '../../terraform/enum-problems.ts';
import { keptSchema } from '../../terraform/kept-schema.ts';
import {
  openTerraformWorkspace,
  plannedBy,
  type PlannedResource,
  type TerraformWorkspace,
} from '../../terraform/terraform-workspace.ts';
import { PLANTS } from './policy-plants.ts';
import { policyProblems } from '../../terraform/policy.ts';

const isThere = spawnSync('terraform', ['version']).status === 0;
const isAllowed = isThere || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const inTerraform = isAllowed ? test : test.skip;
const because = isAllowed ? '' : ' — skipped: no terraform on this machine';
/** Set where Terraform finds the google provider by itself: then that is asked, and not its schema alone. */
const installed = process.env['RUNVOY_TEST_TERRAFORM_PROVIDER'] === 'installed';

let workspace: TerraformWorkspace;
beforeAll(async () => void (workspace = await openTerraformWorkspace({ installed })));
afterAll(async () => workspace[Symbol.asyncDispose]());

const folders = ['.', 'examples/minimal', 'examples/production'];
const init = (folder: string) => workspace.run(folder, 'init', '-backend=false', '-input=false', '-no-color');

describe('the Terraform configuration', () => {
  inTerraform(`is formatted${because}`, async () => {
    expect(await workspace.run('.', 'fmt', '-check', '-diff', '-recursive')).toEqual({ status: 0, output: '' });
  });

  inTerraform.each(folders)(`in %s is valid for the google provider’s schema${because}`, async (folder) => {
    await init(folder);
    const { status, output } = await workspace.run(folder, 'validate', '-no-color');
    expect([output.trim(), status]).toEqual(['Success! The configuration is valid.', 0]);
  });

  inTerraform.each<[string, string, string]>([
    [
      'an attribute that there is not',
      'modules/pubsub/main.tf',
      'resource "google_pubsub_topic" "x" {\n  nam = "x"\n}',
    ],
    [
      'a block that there is not',
      'modules/pubsub/main.tf',
      'resource "google_pubsub_topic" "x" {\n  name = "x"\n  pushes {}\n}',
    ],
    ['a resource that there is not', 'modules/pubsub/main.tf', 'resource "google_pubsub_topics" "x" {\n}'],
  ])(`with %s is refused${because}`, async (_what, file, text) => {
    await using spoiled = await openTerraformWorkspace({ installed });
    appendFileSync(join(spoiled.folder, file), `\n${text}\n`);
    await spoiled.run('.', 'init', '-backend=false', '-input=false', '-no-color');
    expect(await spoiled.run('.', 'validate', '-no-color')).toMatchObject({ status: 1 });
  });

  inTerraform(`refuses what would be wrong later${because}`, async () => {
    await init('.');
    const ran = await workspace.run('.', 'test', '-no-color', '-filter=tests/refusals.tftest.hcl');
    expect([ran.status, ran.output]).toEqual([0, expect.stringContaining(', 0 failed.')]);
  });
});

describe.each(['defaults', 'all-choices'])('with %s', (name) => {
  let resources: readonly PlannedResource[] = [];
  beforeAll(async () => {
    if (!isAllowed) return;
    await init('.');
    const ran = await workspace.run('.', 'test', '-json', '-verbose', `-filter=tests/${name}.tftest.hcl`);
    resources = plannedBy(ran);
    if (ran.status !== 0) throw new Error(ran.output);
  });

  inTerraform(`every value is one that Google takes${because}`, () => {
    expect(resources.length).toBeGreaterThan(100);
    expect(enumProblems(resources, keptSchema())).toEqual([]);
  });

  inTerraform(`every policy is kept${because}`, () => {
    expect(policyProblems(resources)).toEqual([]);
  });

  inTerraform.each(PLANTS)(`a plan with %s breaks a policy${because}`, (_what, plant, broken) => {
    const problems = policyProblems(plant(structuredClone(resources)));
    expect(problems).toContainEqual(expect.stringContaining(broken));
  });

  inTerraform(`each service is given a configuration that it accepts, and nothing it does not know${because}`, () => {
    const known = new Set<string>(Object.values(GCP_VARIABLES).map(([variable]) => variable));
    const services = resources.filter(({ type }) => type === 'google_cloud_run_v2_service');
    expect(services).toHaveLength(4);
    for (const { address, after } of services) {
      const env = environmentOf(after);
      expect([address, [...env.keys()].filter((variable) => !known.has(variable))]).toEqual([address, []]);
      // The one that is read from its secret.
      expect([address, env.get('RUNVOY_SIGNING_KEY')]).toEqual([address, undefined]);
      const given = { ...Object.fromEntries(env), RUNVOY_SIGNING_KEY: `k1:${'ab'.repeat(32)}` };
      expect(() => readGcpConfig(given)).not.toThrow();
    }
  });
});

function environmentOf(after: PlannedResource['after']): Map<string, string | undefined> {
  const [{ containers }] = after['template'] as [
    { readonly containers: readonly [{ readonly env: readonly Variable[] }] },
  ];
  return new Map(containers[0].env.map(({ name, value }) => [name, value ?? undefined]));
}

interface Variable {
  readonly name: string;
  readonly value?: string | null;
}

test('no lock file is kept, because it would be of a private build', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../.gitignore'), 'utf8')).toContain('.terraform.lock.hcl');
});
