import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { GCP_VARIABLES, readGcpConfig } from '@runvoy/provider-gcp';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { deploymentIn, environmentOf, type Role } from '../emulated/deployment.ts';
import { CERTS_PORT, fixedPorts } from '../emulated/fixed-ports.ts';
import { COMPOSE_SCHEMA } from './compose-schema.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FILE = 'docker-compose.emulators.yml';

// oxlint-disable-next-line typescript/no-explicit-any -- A file that is broken on purpose has no type.
type Broken = { services: Record<string, any> };

interface Service {
  readonly build?: {
    readonly context: string;
    readonly target: string;
    readonly args: Readonly<Record<string, string>>;
  };
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
}

const read = (file: string) => readFileSync(root + file, 'utf8');
const given = Object.fromEntries(
  [...read('Dockerfile.args').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
);
/** As compose does it with `--env-file Dockerfile.args`: `${NAME:-default}`, and `${NAME:?what to do}`. */
const text = read(FILE).replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, otherwise: string) => {
  const value = given[name] ?? (kind === '-' ? otherwise : undefined);
  if (value === undefined) throw new Error(`${name} has no value: ${otherwise}`);
  return value;
});
const document = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
const { services } = document;
const isCompose = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(COMPOSE_SCHEMA);
const ROLES: readonly Role[] = ['orchestrator', 'processor', 'intake', 'websocket'];
const environment = (name: string) => services[name]!.environment!;

describe.each(ROLES)('the %s of the compose file', (role) => {
  test('is given a configuration that it accepts, and nothing that it does not know', () => {
    expect(() => readGcpConfig(environment(role))).not.toThrow();
    const known = new Set<string>([...Object.values(GCP_VARIABLES).map(([variable]) => variable), 'GCE_METADATA_HOST']);
    expect(Object.keys(environment(role)).filter((variable) => !known.has(variable))).toEqual([]);
  });

  test('is the account of its own at the fakes', () => {
    const { run, secretManager, logging, metadata, iam, storage } = fixedPorts(role);
    expect(environment(role)).toMatchObject({
      RUNVOY_GCP_ENDPOINT_RUN: `fakes:${run}`,
      RUNVOY_GCP_ENDPOINT_SECRETMANAGER: `fakes:${secretManager}`,
      RUNVOY_GCP_ENDPOINT_LOGGING: `fakes:${logging}`,
      GCE_METADATA_HOST: `fakes:${metadata}`,
      RUNVOY_GCP_ENDPOINT_IAM: `fakes:${iam}`,
      STORAGE_EMULATOR_HOST: `fakes:${storage}`,
      RUNVOY_GCP_ENDPOINT_CERTS: `fakes:${CERTS_PORT}`,
    });
  });

  test('has the names that the fakes know', () => {
    const urls = { orchestrator: 'http://a', processor: 'http://b', intake: 'http://c', websocket: 'http://d' };
    const endpoints = {
      firestore: '',
      pubsub: '',
      run: '',
      secretManager: '',
      logging: '',
      storage: '',
      scheduler: '',
      certs: '',
      metadata: '',
      iam: '',
    };
    const project = environment(role)['RUNVOY_GCP_PROJECT_ID']!;
    const emulated = environmentOf(deploymentIn(project), role, { endpoints, urls, signingKey: '' });
    for (const variable of [
      'RUNVOY_GCP_REGION',
      'RUNVOY_GCP_CALLER_SERVICE_ACCOUNT',
      'RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT',
      'RUNVOY_GCP_LOG_VIEW',
      'RUNVOY_GCP_SIDECAR_IMAGE',
    ]) {
      expect([variable, environment(role)[variable]]).toEqual([variable, emulated[variable]]);
    }
  });
});

describe('the compose file', () => {
  test('serves the runner and the events by two deployments of one image', () => {
    const deployed = ['processor', 'intake'].map((name) => [
      services[name]!.build!.target,
      environment(name)['RUNVOY_PROCESSOR_ROUTES'],
    ]);
    expect(deployed).toEqual([
      ['processor', 'events'],
      ['processor', 'runner'],
    ]);
  });

  test('builds stages that there are, from the images that Dockerfile.args names', () => {
    const stages = [...read('Dockerfile').matchAll(/ AS (\S+)$/gm)].map(([, name]) => name);
    for (const { build } of Object.values(services)) {
      if (!build) continue;
      expect(stages).toContain(build.target);
      expect([build.context, build.args]).toEqual(['.', given]);
    }
  });

  test('asks every container for its health, and waits only for those that have any', () => {
    for (const [name, { healthcheck, depends_on = {} }] of Object.entries(services)) {
      expect([name, healthcheck?.test[0]]).toEqual([name, 'CMD']);
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect([other in services, condition]).toEqual([true, 'service_healthy']);
      }
    }
  });

  test('leads each address to a container, and opens ports to this machine alone', () => {
    for (const { environment: variables = {}, ports = [] } of Object.values(services)) {
      const addresses = Object.values(variables).flatMap(
        (value) => /^(?:\w+:\/\/)?([\w.-]+):\d+$/.exec(value)?.[1] ?? [],
      );
      for (const host of addresses) expect(['127.0.0.1', ...Object.keys(services)]).toContain(host);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:8080$/);
    }
  });

  test('is valid against the Compose Specification', () => {
    isCompose(document);
    expect(isCompose.errors ?? []).toEqual([]);
  });

  const planted: readonly (readonly [string, (broken: Broken) => void, string])[] = [
    ['an attribute that there is none of', (broken) => void (broken.services.fakes.healtcheck = {}), '/services/fakes'],
    ['a duration without a unit', (broken) => void (broken.services.fakes.healthcheck.interval = 2), '/interval'],
    [
      'a condition that there is none of',
      (broken) => void (broken.services.fakes.depends_on.pubsub.condition = 'up'),
      '/condition',
    ],
    ['a service made from nothing', (broken) => void delete broken.services.fakes.build, '/services/fakes'],
    ['a port that is none', (broken) => void (broken.services.orchestrator.ports = ['api:8080']), '/ports/0'],
    ['a section that there is none of', (broken) => void Object.assign(broken, { service: {} }), ''],
  ];
  test.each(planted)('would not be valid with %s', (_, plant, where) => {
    const broken = structuredClone(document) as unknown as Broken;
    plant(broken);
    expect(isCompose(broken)).toBe(false);
    expect(isCompose.errors!.some(({ instancePath }) => instancePath.endsWith(where))).toBe(true);
  });
});
