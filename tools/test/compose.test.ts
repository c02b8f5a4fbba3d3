import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { GCP_VARIABLES, readGcpConfig } from '@runvoy/provider-gcp';
import { parse } from 'yaml';
import { deploymentIn, environmentOf, type Role } from '../emulated/deployment.ts';
import { CERTS_PORT, fixedPorts } from '../emulated/fixed-ports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FILE = 'docker-compose.emulators.yml';

interface Service {
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
}

// `${NAME:-default}` is compose's own.
const text = readFileSync(root + FILE, 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const { services } = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
const ROLES: readonly Role[] = ['orchestrator', 'processor', 'intake', 'websocket'];
const environment = (name: string) => services[name]!.environment!;

describe.each(ROLES)('the %s of the compose file', (role) => {
  test('is given a configuration that it accepts, and nothing that it does not know', () => {
    expect(() => readGcpConfig(environment(role))).not.toThrow();
    const known = new Set<string>([...Object.values(GCP_VARIABLES).map(([variable]) => variable), 'GCE_METADATA_HOST']);
    expect(Object.keys(environment(role)).filter((variable) => !known.has(variable))).toEqual([]);
  });

  test('is the account of its own at the fakes', () => {
    const { run, secretManager, logging, metadata, iam } = fixedPorts(role);
    expect(environment(role)).toMatchObject({
      RUNVOY_GCP_ENDPOINT_RUN: `fakes:${run}`,
      RUNVOY_GCP_ENDPOINT_SECRETMANAGER: `fakes:${secretManager}`,
      RUNVOY_GCP_ENDPOINT_LOGGING: `fakes:${logging}`,
      GCE_METADATA_HOST: `fakes:${metadata}`,
      RUNVOY_GCP_ENDPOINT_IAM: `fakes:${iam}`,
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
    expect([services['processor']!.build, environment('processor')['RUNVOY_PROCESSOR_ROUTES']]).toEqual([
      { context: '.', target: 'processor' },
      'events',
    ]);
    expect([services['intake']!.build, environment('intake')['RUNVOY_PROCESSOR_ROUTES']]).toEqual([
      { context: '.', target: 'processor' },
      'runner',
    ]);
  });

  test('builds stages that there are', () => {
    const stages = [...readFileSync(`${root}Dockerfile`, 'utf8').matchAll(/ AS (\S+)$/gm)].map(([, name]) => name);
    for (const { build } of Object.values(services)) if (build) expect(stages).toContain(build.target);
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

  const compose = (...args: string[]) => spawnSync('docker', ['compose', ...args], { cwd: root, encoding: 'utf8' });
  // Skipped on CI too: Debian has no package of the plugin, and what the file says is held by the tests above.
  const isThere = compose('version').status === 0;
  const title = `is accepted by docker compose${isThere ? '' : ' — skipped: no docker compose on this machine'}`;
  (isThere ? test : test.skip)(title, () => {
    const { status, stderr } = compose('--file', FILE, 'config', '--quiet');
    expect([status, stderr]).toEqual([0, '']);
  });
});
