import { describe, expect, test } from '@jest/globals';
import { jobIdOf, ProfileProblem, profileOf } from '../../src/job-runner/job-profile.ts';
import { jobOf, taskTimeoutS } from '../../src/job-runner/job-template.ts';
import { JOB_ACCOUNT, ORDER, SETTINGS } from './scripted-run-api.ts';

const OTHER_ACCOUNT = 'other-job@my-project.iam.gserviceaccount.com';
const settings = { ...SETTINGS, serviceAccounts: [JOB_ACCOUNT, OTHER_ACCOUNT] };
const idOf = (order: Partial<typeof ORDER>, given: Partial<typeof SETTINGS> = {}) =>
  jobIdOf(profileOf({ ...ORDER, ...order }, { ...settings, ...given }));

describe('a Job', () => {
  test('is the same for every run of an image, whatever the run is', () => {
    const other = { execution_id: 'b'.repeat(32), attempt: 2, token: 'other', timeout_s: 5, grace_ms: 0 };
    expect(idOf(other)).toBe(idOf({}));
  });

  test.each([
    ['another image', { image: 'docker.io/library/alpine:3.23' }, {}],
    ['more CPU', { cpu: 2_048 }, {}],
    ['more memory', { memory_mib: 1_024 }, {}],
    ['another account', { service_account: OTHER_ACCOUNT }, {}],
    ['another region', {}, { region: 'us-east1' }],
    ['another sidecar', {}, { sidecarImage: 'europe-docker.pkg.dev/my-project/runvoy/sidecar:2' }],
    ['another intake', {}, { intakeUrl: 'https://other.example.com' }],
    ['a connector', {}, { vpcConnector: 'runvoy' }],
  ])('is another one with %s', (_, order, given) => {
    expect(idOf(order, given)).not.toBe(idOf({}));
  });

  test('has a name that leaves room for an execution’s five characters', () => {
    expect(idOf({})).toMatch(/^rv-[a-z2-7]{20}$/);
    expect(`${idOf({})}-abcde`.length).toBeLessThanOrEqual(63);
  });

  test.each([
    [{ cpu: 256, memory_mib: 128 }, '1', '512Mi'],
    [{ cpu: 1_024, memory_mib: 2_048 }, '1', '2048Mi'],
    [{ cpu: 1_025, memory_mib: 512 }, '2', '512Mi'],
    [{ cpu: 4_096, memory_mib: 512 }, '4', '2048Mi'],
    [{ cpu: 5_000, memory_mib: 512 }, '6', '4096Mi'],
  ])('for %j has the size that Cloud Run has for it: %s CPU and %s', (size, cpu, memory) => {
    const [, runner] = jobOf(profileOf({ ...ORDER, ...size }, settings)).template.template.containers;
    expect(runner?.resources.limits).toEqual({ cpu, memory });
  });

  test.each([
    [{ cpu: 9_000 }, 'image_size'],
    [{ memory_mib: 40_000 }, 'image_size'],
    [{ service_account: 'runvoy-orchestrator@my-project.iam.gserviceaccount.com' }, 'service_account'],
  ])('is refused for %j: %s', (order, reason) => {
    expect(() => profileOf({ ...ORDER, ...order }, settings)).toThrow(ProfileProblem);
    expect(() => profileOf({ ...ORDER, ...order }, settings)).toThrow(expect.objectContaining({ reason }));
  });

  test('is tried once, keeps its volume in memory, and starts the user’s container when the sidecar’s port is open', () => {
    const { labels, template } = jobOf(profileOf(ORDER, settings));
    expect([labels, template.labels]).toEqual([{ 'managed-by': 'runvoy' }, { 'managed-by': 'runvoy' }]);
    const { containers, ...task } = template.template;
    expect(task).toEqual({
      maxRetries: 0,
      timeout: { seconds: 600 },
      serviceAccount: JOB_ACCOUNT,
      executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
      volumes: [{ name: 'runvoy', emptyDir: { medium: 'MEMORY', sizeLimit: '512Mi' } }],
    });
    expect(containers).toEqual([
      {
        name: 'sidecar',
        image: SETTINGS.sidecarImage,
        env: [{ name: 'RUNVOY_INTAKE_URL', value: SETTINGS.intakeUrl }],
        resources: { limits: { cpu: '1', memory: '1024Mi' } },
        volumeMounts: [{ name: 'runvoy', mountPath: '/runvoy' }],
        startupProbe: { tcpSocket: { port: 8089 }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 600 },
      },
      {
        name: 'runner',
        image: ORDER.image,
        command: ['/runvoy/bin/sh'],
        args: ['/runvoy/entry.sh'],
        dependsOn: ['sidecar'],
        resources: { limits: { cpu: '1', memory: '512Mi' } },
        volumeMounts: [{ name: 'runvoy', mountPath: '/runvoy' }],
      },
    ]);
  });

  test('reaches a private network through its connector', () => {
    const through = { vpcConnector: 'projects/p/locations/l/connectors/c', vpcEgress: 'private-ranges-only' as const };
    expect(jobOf(profileOf(ORDER, { ...settings, ...through })).template.template).toMatchObject({
      vpcAccess: { connector: through.vpcConnector, egress: 'PRIVATE_RANGES_ONLY' },
    });
  });
});

test('a task may take its start, the run, the grace and a minute more', () => {
  expect(taskTimeoutS({ timeout_s: 3_600, grace_ms: 10_500 })).toBe(600 + 3_600 + 11 + 60);
});
