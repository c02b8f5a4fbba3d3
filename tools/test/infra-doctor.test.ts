import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fakeProjectSetup, type FakeProjectSetup, type ProjectSetup } from '@runvoy/google-fakes';
import { apisOf, FIRST_APIS } from '../infra/apis.ts';
import type { DeploymentSettings } from '../infra/deployment-settings.ts';
import { examine, findingLines } from '../infra/doctor/examine.ts';
import { blocks, type Finding } from '../infra/doctor/finding.ts';
import { TERRAFORM_FROM } from '../infra/doctor/look-at-tools.ts';
import { googleRest } from '../infra/google-rest.ts';
import { InfraProblem } from '../infra/infra-problem.ts';
import type { Ended, Programs } from '../infra/programs.ts';
import { TERRAFORM } from '../terraform/configuration.ts';
import { checkedCommands, withSdk, withoutSdk } from './gcloud-commands.ts';

const CLI = fileURLToPath(new URL('../../clients/cli/src/main.mjs', import.meta.url));
const PROJECT = 'my-project';
const TOKEN = 'ya29.token-of-the-operator';

const SETTINGS: DeploymentSettings = {
  project: PROJECT,
  region: 'europe-west1',
  admin: 'you@example.com',
  version: '0.1.0',
  stateBucket: 'my-project-terraform',
  variables: {},
};

/** What a command prints; undefined: there is no such program. */
type Tools = Record<'terraform' | 'gcloud' | 'token', string | undefined>;

const TOOLS: Tools = {
  terraform: '{"terraform_version": "1.11.4"}',
  gcloud: '{"Google Cloud SDK": "528.0.0"}',
  token: `${TOKEN}\n`,
};

const programs = (tools: Tools): Programs => ({
  run: async (program, args): Promise<Ended> => {
    const stdout = args[0] === 'auth' ? tools.token : tools[program];
    if (tools[program] === undefined) throw new InfraProblem(`There is no ${program}`);
    return stdout === undefined ? { status: 1, stdout: '', stderr: 'no' } : { status: 0, stdout, stderr: '' };
  },
});

let google: FakeProjectSetup;
beforeEach(async () => {
  google = await fakeProjectSetup({ project: PROJECT, region: SETTINGS.region, token: TOKEN });
  for (const api of apisOf(SETTINGS)) google.setup.enabled.add(api);
  google.setup.quotas
    .set('run.googleapis.com/cpu_allocation', 200_000)
    .set('run.googleapis.com/mem_allocation', 2 ** 38);
});
afterEach(() => google.stop());

function found(settings: Partial<DeploymentSettings> = {}, tools: Partial<Tools> = {}): Promise<readonly Finding[]> {
  const rest = googleRest(TOKEN, (api) => `${google.origin}/${api}`);
  return examine({ ...SETTINGS, ...settings }, programs({ ...TOOLS, ...tools }), async () => rest);
}

const unwell = (findings: readonly Finding[]) => findings.filter(({ outcome }) => outcome !== 'ok');
const variables = (values: DeploymentSettings['variables']) => ({ variables: values });
const policy = (constraint: string, rule: object) => (setup: ProjectSetup) =>
  void setup.policies.set(constraint, [rule]);
const cannotBeRead = (api: string) => (setup: ProjectSetup) => void setup.refusing.set(`${api}.googleapis.com`, 403);

/** What may be wrong: how it comes about, what is said, what the fix begins with or holds, and whether it is a failure. */
interface Plant {
  readonly what: string;
  readonly spoil?: (setup: ProjectSetup) => void;
  readonly tools?: Partial<Tools>;
  readonly settings?: Partial<DeploymentSettings>;
  readonly says: string;
  readonly fix: string;
  readonly outcome?: 'unknown';
}

const PLANTS: readonly Plant[] = [
  {
    what: 'no terraform',
    tools: { terraform: undefined },
    says: 'terraform: is not on',
    fix: 'Install it: https://developer',
  },
  {
    what: 'an old terraform',
    tools: { terraform: '{"terraform_version": "1.8.5"}' },
    says: 'terraform: is 1.8.5',
    fix: 'Install a newer',
  },
  { what: 'a terraform that says nothing', tools: { terraform: 'x' }, says: 'which version', fix: 'Install it' },
  {
    what: 'no gcloud',
    tools: { gcloud: undefined, token: undefined },
    says: 'gcloud: is not on',
    fix: 'Install it: https://cloud',
  },
  {
    what: 'an old gcloud',
    tools: { gcloud: '{"Google Cloud SDK": "412.0.0"}' },
    says: '412.0.0',
    fix: 'Install a newer',
  },
  { what: 'nobody signed in', tools: { token: undefined }, says: 'sign-in', fix: 'gcloud auth login' },
  {
    what: 'no such project',
    spoil: (setup) => (setup.state = undefined),
    says: 'project: cannot be read',
    fix: 'gcloud projects create',
  },
  {
    what: 'a project that is being deleted',
    spoil: (setup) => (setup.state = 'DELETE_REQUESTED'),
    says: 'project: is DELETE_REQUESTED',
    fix: 'gcloud projects undelete my-project',
  },
  {
    what: 'no billing',
    spoil: (setup) => (setup.billingEnabled = false),
    says: 'billing: is off',
    fix: 'gcloud billing projects link my-project',
  },
  {
    what: 'billing that cannot be read',
    spoil: cannotBeRead('cloudbilling'),
    says: 'billing: could not',
    fix: 'gcloud billing projects describe',
    outcome: 'unknown',
  },
  {
    what: 'a permission that is missing',
    spoil: (setup) => setup.withheld.add('run.jobs.runWithOverrides'),
    says: 'you may not run.jobs.runWithOverrides',
    fix: '--role roles/run.admin',
  },
  {
    what: 'a permission that a choice needs',
    settings: variables({ kms_stores: ['firestore'] }),
    spoil: (setup) => setup.enabled.add('cloudkms.googleapis.com') && setup.withheld.add('cloudkms.keyRings.create'),
    says: 'you may not cloudkms.keyRings.create',
    fix: '--role roles/cloudkms.admin',
  },
  {
    what: 'an API that is off',
    spoil: (setup) => setup.enabled.delete('eventarc.googleapis.com'),
    says: 'APIs: eventarc.googleapis.com is off',
    fix: 'gcloud services enable eventarc.googleapis.com --project my-project (runvoy infra apply does it)',
  },
  {
    what: 'APIs and quotas that cannot be read',
    spoil: cannotBeRead('serviceusage'),
    says: 'APIs: could not be read',
    fix: 'gcloud services list --enabled',
    outcome: 'unknown',
  },
  {
    what: 'less CPU than the services may ask for',
    spoil: (setup) => setup.quotas.set('run.googleapis.com/cpu_allocation', 20_000),
    says: 'orchestrator, processor, intake, websocket may become 100000 mCPU of CPU in europe-west1, and 20000 is the limit',
    fix: 'runvoy infra apply --project my-project --max-instances 20.',
  },
  {
    what: 'less memory than the services may ask for',
    spoil: (setup) => setup.quotas.set('run.googleapis.com/mem_allocation', 40 * 2 ** 30),
    says: 'of memory in europe-west1',
    fix: '--max-instances 80.',
  },
  {
    what: 'a quota below one instance',
    spoil: (setup) => setup.quotas.set('run.googleapis.com/cpu_allocation', 500),
    says: '500 is the limit',
    fix: 'Ask for more: https://console',
  },
  {
    what: 'a quota that Google does not name',
    spoil: (setup) => setup.quotas.delete('run.googleapis.com/cpu_allocation'),
    says: 'is not among those',
    fix: 'Look: https://console',
    outcome: 'unknown',
  },
  {
    what: 'an organisation that grants to its own domains alone',
    spoil: policy('iam.allowedPolicyMemberDomains', { values: { allowedValues: ['C03xgje4y'] } }),
    says: 'iam.allowedPolicyMemberDomains grants',
    fix: 'runvoy infra apply --project my-project --public-access no-iam-check',
  },
  {
    what: 'an organisation whose managed policy names members',
    spoil: policy('iam.managed.allowedPolicyMembers', { enforce: true }),
    says: 'iam.managed.allowedPolicyMembers grants',
    fix: '--public-access no-iam-check',
  },
  {
    what: 'an organisation that wants every caller checked',
    settings: variables({ public_access: 'no-iam-check' }),
    spoil: policy('run.managed.requireInvokerIam', { enforce: true }),
    says: 'run.managed.requireInvokerIam wants',
    fix: '--public-access all-users',
  },
  {
    what: 'an organisation that lets nothing be reached',
    spoil: policy('run.allowedIngress', { values: { allowedValues: ['internal'] } }),
    says: 'run.allowedIngress lets no service',
    fix: 'gcloud org-policies delete run.allowedIngress --project my-project',
  },
  {
    what: 'an organisation that keeps to other places',
    spoil: policy('gcp.resourceLocations', { values: { allowedValues: ['in:us-locations'] } }),
    says: 'does not name europe-west1',
    fix: 'Choose a region that it names (--region)',
  },
  {
    what: 'an organisation that refuses an API',
    spoil: policy('gcp.restrictServiceUsage', { values: { deniedValues: ['pubsub.googleapis.com'] } }),
    says: 'gcp.restrictServiceUsage refuses pubsub.googleapis.com',
    fix: 'gcloud org-policies delete gcp.restrictServiceUsage',
  },
  {
    what: 'an organisation that lets nobody make accounts',
    spoil: policy('iam.disableServiceAccountCreation', { enforce: true }),
    says: 'lets nobody make a service account',
    fix: 'gcloud org-policies delete iam.disableServiceAccountCreation',
  },
  {
    what: 'an organisation that wants keys of its own',
    settings: variables({ kms_stores: ['secrets'] }),
    spoil: (setup) => {
      setup.enabled.add('cloudkms.googleapis.com');
      policy('gcp.restrictNonCmekServices', {
        values: { deniedValues: ['secretmanager.googleapis.com', 'pubsub.googleapis.com'] },
      })(setup);
    },
    says: 'wants keys of yours for pubsub',
    fix: '{"kms_stores": ["secrets","pubsub"]}',
  },
  {
    what: 'policies that cannot be read',
    spoil: cannotBeRead('orgpolicy'),
    says: 'iam.allowedPolicyMemberDomains could not be read: orgpolicy.googleapis.com refuses',
    fix: 'gcloud org-policies describe iam.allowedPolicyMemberDomains',
    outcome: 'unknown',
  },
];

test('nothing is wrong with a project that has all it needs, and each check says so', async () => {
  const findings = await found();
  expect(unwell(findings)).toEqual([]);
  const about = [
    'terraform',
    'gcloud',
    'sign-in',
    'project',
    'billing',
    'permissions',
    'APIs',
    'quotas',
    'quotas',
    'policies',
  ];
  expect(findings.map((finding) => finding.about)).toEqual(about);
});

/** What each plant was told, for the test of commands below. */
const fixes: Record<string, string> = {};

test.each(PLANTS)(
  'with $what, doctor says so and names the fix',
  async ({ what, spoil, tools, settings, says, fix, outcome }) => {
    spoil?.(google.setup);
    const findings = await found(settings, tools);
    const lines = findingLines(findings);
    const at = lines.findIndex((line) => line.includes(says));
    expect([says, lines[at]?.slice(0, 4)]).toEqual([says, outcome === 'unknown' ? '?   ' : 'FAIL']);
    expect(lines[at + 1]).toContain(fix);
    fixes[what] = lines[at + 1]!.trim().replace(/^fix: /, '');
  },
);

describe('doctor', () => {
  test('names a fix for everything at once, and apply begins for none of it but what it does itself', async () => {
    google.setup.billingEnabled = false;
    google.setup.enabled.clear();
    google.setup.withheld.add('run.services.create').add('pubsub.topics.create');
    const findings = unwell(await found());
    expect(findings.length).toBe(3 + apisOf(SETTINGS).length);
    expect(findings.filter(blocks).map(({ about }) => about)).toEqual(['billing', 'permissions', 'permissions']);
  });

  test('takes policies that allow what is made, by any of their spellings, for no obstacle', async () => {
    const { policies } = google.setup;
    policies
      .set('iam.allowedPolicyMemberDomains', [{ allowAll: true }])
      .set('run.allowedIngress', [{ values: { allowedValues: ['is:all'] } }])
      .set('gcp.resourceLocations', [{ values: { allowedValues: ['in:eu-locations'] } }])
      .set('gcp.restrictServiceUsage', [{ allowAll: true }])
      .set('iam.disableServiceAccountCreation', [{ enforce: false }]);
    expect(unwell(await found())).toEqual([]);
  });

  test('says that Google did not answer, and nothing about what it could not ask', async () => {
    await google.stop();
    const findings = await found();
    expect(unwell(findings)).toMatchObject([
      { about: 'Google', outcome: 'failed', fix: expect.stringContaining('proxy') },
    ]);
    google = await fakeProjectSetup({ project: PROJECT, region: SETTINGS.region, token: TOKEN });
  });

  test('is not sure of itself: a token that Google does not take is an obstacle that is told', async () => {
    const rest = googleRest('another', (api) => `${google.origin}/${api}`);
    const findings = await examine(SETTINGS, programs(TOOLS), async () => rest);
    expect(unwell(findings)).toMatchObject([
      { about: 'project', says: expect.stringContaining('invalid authentication') },
    ]);
  });
});

/** Commands in a sentence that says what to do. */
const commandsIn = (fix: string): readonly string[] =>
  fix
    .split(/: |\. |, or |,? \(/)
    .flatMap((part) => (part.startsWith('gcloud ') ? [part.replace(/ names yours\)$/, '')] : []));

(withSdk ? test : test.skip)(`each gcloud that a fix names is a command that there is${withoutSdk}`, () => {
  const commands = Object.entries(fixes).map(([what, fix]) => [what, commandsIn(fix).join('\n')] as const);
  expect(commands.length).toBe(PLANTS.length);
  const planted = { planted: commandsIn('Look: gcloud org-policies remove x. Or not.').join('\n') };
  const { commands: count, problems } = checkedCommands({ ...Object.fromEntries(commands), ...planted });
  expect(count).toBeGreaterThan(12);
  expect(problems).toEqual(['planted: gcloud org-policies has no command remove']);
});

test('what doctor knows are the APIs that Terraform switches on, and the oldest Terraform that it takes', () => {
  const textOf = (file: string) => readFileSync(join(TERRAFORM, file), 'utf8');
  const apisIn = (file: string) => [...textOf(file).matchAll(/"([a-z]+\.googleapis\.com)"/g)].map(([, api]) => api!);
  const always = apisIn('modules/project-services/main.tf');
  expect(apisOf(SETTINGS)).toEqual(always);
  const all = {
    network: {},
    load_balancer: {},
    kms_stores: ['secrets'],
    service_logs_in_bigquery: true,
    budget: {},
    observability: true,
  };
  const chosen = [...new Set(apisIn('main.tf'))];
  expect(
    apisOf({ variables: all })
      .filter((api) => !always.includes(api))
      .toSorted(),
  ).toEqual(chosen.toSorted());
  expect(FIRST_APIS.filter((api) => !always.includes(api))).toEqual([]);
  expect(textOf('versions.tf')).toContain(`required_version = ">= ${TERRAFORM_FROM}"`);
});

describe('runvoy infra doctor', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'runvoy-doctor-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const LINE = [CLI, 'infra', 'doctor', '--project', PROJECT, '--region', 'europe-west1'];
  const env = () => ({ PATH: folder, HOME: folder, RUNVOY_GOOGLE_APIS: google.origin });

  test('on a machine without Terraform and gcloud names where each comes from, and fails', () => {
    const { status, stdout } = spawnSync(process.execPath, LINE, { encoding: 'utf8', env: env() });
    expect(stdout.split('\n').filter((line) => line.includes('Install it: https://'))).toHaveLength(2);
    expect(status).toBe(1);
  });

  test('asks Google as whoever is signed in with gcloud', async () => {
    const script = (name: string, text: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    script('terraform', `echo '${TOOLS.terraform}'`);
    script('gcloud', `case "$1" in version) echo '${TOOLS.gcloud}';; *) echo '${TOKEN}';; esac`);
    const { stdout } = await promisify(execFile)(process.execPath, [...LINE, '--json'], { env: env() });
    const findings = JSON.parse(stdout) as readonly Finding[];
    expect(unwell(findings)).toEqual([]);
    expect(findings.length).toBe(10);
  });
});

test('the client knows nothing of how a deployment is made before it is asked', () => {
  const source = readFileSync(join(dirname(CLI), 'commands/infra.ts'), 'utf8');
  expect([...source.matchAll(/^import .* from '([^']+)'/gm)].map(([, name]) => name)).toEqual([
    'node:fs',
    'node:url',
    '../invocation.ts',
    '../problem.ts',
    '../run-main.ts',
  ]);
});
