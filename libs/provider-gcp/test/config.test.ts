import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DEPLOYMENT_LIMITS, LOG_BACKPRESSURES } from '@runvoy/core';
import { ConfigProblems } from '@runvoy/runtime/read-config';
import { GCP_VARIABLES, readGcpConfig } from '../src/index.ts';

const KEY = `k1:${'ab'.repeat(32)}`;
const ACCOUNT = 'runvoy-job@my-project.iam.gserviceaccount.com';
/** What has no default. */
const REQUIRED = {
  RUNVOY_GCP_PROJECT_ID: 'my-project',
  RUNVOY_GCP_REGION: 'europe-west1',
  RUNVOY_SIGNING_KEY: KEY,
  RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT: ACCOUNT,
  RUNVOY_GCP_CALLER_SERVICE_ACCOUNT: 'runvoy-caller@my-project.iam.gserviceaccount.com',
  RUNVOY_GCP_SIDECAR_IMAGE: 'europe-docker.pkg.dev/my-project/runvoy/sidecar:0.1.0',
  RUNVOY_INTAKE_URL: 'https://intake.example.com/',
  RUNVOY_PROCESSOR_URL: 'https://processor.example.com',
  RUNVOY_WEBSOCKET_URL: 'wss://live.example.com',
};

function problemsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    readGcpConfig(env);
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
  return [];
}

test('docs/config.md lists exactly the variables there are on Google Cloud', () => {
  const docs = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  const section = docs.slice(docs.indexOf('## Google Cloud'));
  const listed = [...section.matchAll(/^\| `([A-Z]\w+)`/gm)].map((match) => match[1]);
  expect(listed.toSorted()).toEqual(
    Object.values(GCP_VARIABLES)
      .map(([variable]) => variable)
      .toSorted(),
  );
});

test('docs/config.md says what limits, timeouts and rates are where nothing is set, and which differ from one machine', () => {
  const docs = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  const lines = docs.slice(docs.indexOf('## Google Cloud')).split('\n');
  const differing: string[] = [];
  for (const key of Object.keys(DEPLOYMENT_LIMITS) as (keyof typeof DEPLOYMENT_LIMITS)[]) {
    const [variable, read] = GCP_VARIABLES[key];
    const value = (read(variable, undefined) as { readonly value: number }).value;
    const row = lines.find((line) => line.startsWith(`| \`${variable}\``));
    expect([variable, row?.split('|')[2]?.trim()]).toEqual([variable, String(value)]);
    if (value !== DEPLOYMENT_LIMITS[key].fallback) differing.push(variable);
  }
  const [backpressure, readBackpressure] = GCP_VARIABLES.logBackpressure;
  const policy = readBackpressure(backpressure, undefined) as { readonly value: string };
  if (policy.value !== LOG_BACKPRESSURES[0]) differing.push(backpressure);
  const told = docs.slice(docs.indexOf('Five defaults differ'), docs.indexOf('| `RUNVOY_BACKEND_PROVIDER`'));
  expect([...told.matchAll(/`(RUNVOY_\w+)`/g)].map((match) => match[1]).toSorted()).toEqual(differing.toSorted());
});

test('what is required is enough, and everything else has its default', () => {
  expect(readGcpConfig(REQUIRED)).toMatchObject({
    provider: 'gcp',
    port: 8080,
    environment: 'production',
    logLevel: 'info',
    signingKeys: { current: { id: 'k1' } },
    orchestratorService: 'runvoy-orchestrator',
    processorService: 'runvoy-processor',
    intakeService: 'runvoy-intake',
    websocketService: 'runvoy-websocket',
    processorRoutes: 'events',
    intakeUrl: 'https://intake.example.com',
    callerCheck: 'signature',
    firestoreDatabase: 'runvoy',
    firestoreCollectionPrefix: 'runvoy-',
    archiveBucket: 'my-project-runvoy-archive',
    secretsPrefix: 'runvoy-secrets',
    secretsKmsKey: undefined,
    eventsTopic: 'runvoy-events',
    logsTopic: 'runvoy-logs',
    healthReconcileSchedule: '0 * * * *',
    jobDefaultRegion: 'europe-west1',
    jobServiceAccounts: [ACCOUNT],
    jobDefaultImage: 'docker.io/library/python:3.13-slim',
    observabilityEnabled: false,
    metricsNamespace: 'runvoy',
    insecureEndpoints: false,
    runEndpoint: undefined,
  });
});

test('an empty environment names everything that is required at once', () => {
  const named = problemsOf({}).map((problem) => /^(\w+) is not set\. Example: \1=./.exec(problem)?.[1]);
  expect(named.toSorted()).toEqual(Object.keys(REQUIRED).toSorted());
});

test('what is wrong by itself and what is wrong together are named in one go', () => {
  const problems = problemsOf({
    ...REQUIRED,
    PORT: 'http',
    RUNVOY_GCP_PROJECT_ID: 'My Project',
    RUNVOY_TIMEOUT_DEFAULT_SECONDS: '100',
    RUNVOY_TIMEOUT_MAX_SECONDS: '10',
  });
  expect(problems).toEqual([
    'PORT must be a whole number between 0 and 65535; got "http".',
    'RUNVOY_GCP_PROJECT_ID must be a project id, such as my-project; got "My Project".',
    'RUNVOY_TIMEOUT_DEFAULT_SECONDS (100) must not be above RUNVOY_TIMEOUT_MAX_SECONDS (10).',
  ]);
});

describe('refused, with the variable named:', () => {
  test.each([
    ['a region that is a zone', { RUNVOY_GCP_REGION: 'europe-west1-b' }],
    ['a key without its ring', { RUNVOY_GCP_SECRETS_KMS_KEY: 'projects/p/locations/l/cryptoKeys/secrets' }],
    ['a job account that is a person', { RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT: 'you@example.com' }],
    ['a list of job accounts with a word in it', { RUNVOY_GCP_JOB_SERVICE_ACCOUNTS: `${ACCOUNT}, default` }],
    ['a topic that begins as Google’s own do', { RUNVOY_GCP_EVENTARC_TOPIC: 'goog-events' }],
    ['a schedule of four fields', { RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE: '0 * * *' }],
    ['a runtime that there is not', { RUNVOY_GCP_JOB_DEFAULT_RUNTIME: 'cobol60' }],
    ['a signing key that is too short', { RUNVOY_SIGNING_KEY: 'k1:abcd' }],
    ['an intake at a path', { RUNVOY_INTAKE_URL: 'https://example.com/intake' }],
    ['a live view that is no socket', { RUNVOY_WEBSOCKET_URL: 'https://live.example.com' }],
    ['an endpoint without a port', { RUNVOY_GCP_ENDPOINT_RUN: '127.0.0.1' }],
    ['a first admin without an address', { RUNVOY_ADMIN_EMAIL: 'admin' }],
    ['a run longer than Cloud Run’s longest task', { RUNVOY_TIMEOUT_MAX_SECONDS: '604800' }],
    ['an egress without a connector', { RUNVOY_GCP_VPC_EGRESS: 'all-traffic' }],
    ['another provider', { RUNVOY_BACKEND_PROVIDER: 'aws' }],
  ])('%s', (_case, wrong) => {
    const [problem, ...more] = problemsOf({ ...REQUIRED, ...wrong });
    expect(problem).toContain(Object.keys(wrong)[0]);
    expect(more).toEqual([]);
  });
});

test('a signing key is never repeated by a message', () => {
  expect(problemsOf({ ...REQUIRED, RUNVOY_SIGNING_KEY: 'k1:5ec2e7' }).join()).not.toContain('5ec2e7');
});

describe('a job’s account', () => {
  test('is refused when it is the default and not among the listed', () => {
    const list = 'other-job@my-project.iam.gserviceaccount.com';
    expect(problemsOf({ ...REQUIRED, RUNVOY_GCP_JOB_SERVICE_ACCOUNTS: list })).toEqual([
      expect.stringContaining('must be one of RUNVOY_GCP_JOB_SERVICE_ACCOUNTS'),
    ]);
  });

  test.each(['runvoy-orchestrator', 'runvoy-processor', 'runvoy-intake', 'runvoy-websocket', 'runvoy-caller'])(
    'is refused when it is the one of %s',
    (name) => {
      const own = `${name}@my-project.iam.gserviceaccount.com`;
      expect(problemsOf({ ...REQUIRED, RUNVOY_GCP_JOB_SERVICE_ACCOUNTS: `${ACCOUNT},${own}` })).toEqual([
        expect.stringContaining(own),
      ]);
    },
  );
});

describe('the account of pushes, triggers and ticks', () => {
  const CALLER = 'RUNVOY_GCP_CALLER_SERVICE_ACCOUNT';

  test('is refused when jobs run as it, by default or by an image', () => {
    const caller = REQUIRED.RUNVOY_GCP_CALLER_SERVICE_ACCOUNT;
    const refusal = [expect.stringContaining(`${CALLER} (${caller}) is also a job's account`)];
    expect(problemsOf({ ...REQUIRED, RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT: caller })).toEqual(refusal);
    expect(problemsOf({ ...REQUIRED, RUNVOY_GCP_JOB_SERVICE_ACCOUNTS: `${ACCOUNT},${caller}` })).toEqual(refusal);
  });

  test.each(['runvoy-orchestrator', 'runvoy-processor', 'runvoy-intake', 'runvoy-websocket'])(
    'is refused when it is the one of %s',
    (name) => {
      const own = `${name}@my-project.iam.gserviceaccount.com`;
      expect(problemsOf({ ...REQUIRED, [CALLER]: own })).toEqual([
        expect.stringContaining(`${CALLER} (${own}) is the account of one of runvoy's services`),
      ]);
    },
  );

  test('is another one in its example than the one of jobs', () => {
    const { [CALLER]: _, RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT: __, ...rest } = REQUIRED;
    const examples = problemsOf(rest).map((problem) => problem.split(' Example: ')[1]!.split('=')[1]);
    expect(examples).toHaveLength(2);
    expect(new Set(examples).size).toBe(2);
  });
});

describe('plaintext', () => {
  test.each([
    ['FIRESTORE_EMULATOR_HOST', '10.0.0.5:8080'],
    ['RUNVOY_GCP_ENDPOINT_SECRETMANAGER', 'secrets.example.com:80'],
    ['RUNVOY_INTAKE_URL', 'http://intake.example.com'],
    ['RUNVOY_WEBSOCKET_URL', 'ws://live.example.com:80'],
  ])('of %s to another machine is refused unless it is asked for', (variable, value) => {
    expect(problemsOf({ ...REQUIRED, [variable]: value })).toEqual([expect.stringContaining(variable)]);
    expect(problemsOf({ ...REQUIRED, [variable]: value, RUNVOY_GCP_INSECURE_ENDPOINTS: 'true' })).toEqual([]);
  });

  test.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'http://127.0.0.9:8080'])(
    'to this machine needs no leave: %s',
    (value) => {
      const { storageEndpoint } = readGcpConfig({ ...REQUIRED, STORAGE_EMULATOR_HOST: value });
      expect(storageEndpoint).toBe(value.replace('http://', ''));
    },
  );
});

test.each([
  ['python39', 'docker.io/library/python:3.9-slim'],
  ['python313', 'docker.io/library/python:3.13-slim'],
  ['nodejs24', 'docker.io/library/node:24-slim'],
  ['go125', 'docker.io/library/golang:1.25'],
  ['java21', 'docker.io/library/eclipse-temurin:21-jdk'],
  ['ruby34', 'docker.io/library/ruby:3.4-slim'],
  ['php84', 'docker.io/library/php:8.4-cli'],
  [
    'europe-docker.pkg.dev/my-project/images/tools@sha256:0a1b',
    'europe-docker.pkg.dev/my-project/images/tools@sha256:0a1b',
  ],
])('the runtime %s is the image %s', (runtime, image) => {
  expect(readGcpConfig({ ...REQUIRED, RUNVOY_GCP_JOB_DEFAULT_RUNTIME: runtime }).jobDefaultImage).toBe(image);
});
