import { describe, expect, test } from '@jest/globals';
import { readPlatformEntry } from '../src/index.ts';

const ID = 'a'.repeat(32);
const NAME = `rv-${'a'.repeat(20)}-xyz42`;
const LOGS = 'projects/my-project/logs';

/** Recorded from a real project, with the names changed: the first version's shape, and doubles. */
const completion = (response: object = v1Execution()) => ({
  logName: `${LOGS}/cloudaudit.googleapis.com%2Fsystem_event`,
  resource: {
    type: 'cloud_run_job',
    labels: { project_id: 'my-project', location: 'europe-west1', job_name: NAME.slice(0, -6) },
  },
  severity: 'ERROR',
  timestamp: '2026-11-28T12:00:00.123456Z',
  protoPayload: {
    '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
    serviceName: 'run.googleapis.com',
    methodName: '/Jobs.RunJob',
    resourceName: `namespaces/my-project/executions/${NAME}`,
    status: { code: 10, message: `Execution ${NAME} has failed to complete, 0/1 tasks were a success.` },
    response,
  },
});

function v1Execution(env: readonly object[] = [{ name: 'RUNVOY_EXECUTION_ID', value: ID }]) {
  const containers = [
    { name: 'runner', image: 'alpine', env: [{ name: 'RUNVOY_EXECUTION_ID', value: 'f'.repeat(32) }] },
    { name: 'sidecar', image: 'sidecar', env },
  ];
  return {
    '@type': 'type.googleapis.com/google.cloud.run.v1.Execution',
    metadata: { name: NAME, namespace: '123456789', labels: { 'run.googleapis.com/job': NAME.slice(0, -6) } },
    spec: { parallelism: 1.0, taskCount: 1.0, template: { spec: { containers, timeoutSeconds: '4270' } } },
    status: { failedCount: 1.0, completionTime: '2026-11-28T12:00:00Z' },
  };
}

const changed = { kind: 'execution_changed', platform_execution: NAME, execution_id: ID };

describe('an audit entry', () => {
  test('of an execution’s end says which run to look at, by the sidecar’s variables', () => {
    expect(readPlatformEntry(completion())).toEqual(changed);
  });

  test('of a success says the same: it is a hint, whatever its status says', () => {
    const { protoPayload, ...entry } = completion();
    expect(readPlatformEntry({ ...entry, protoPayload: { ...protoPayload, status: {} } })).toEqual(changed);
  });

  test('of a cancel says the same, in either shape of the execution', () => {
    const { protoPayload, ...entry } = completion();
    const second = {
      name: `projects/my-project/locations/europe-west1/jobs/j/executions/${NAME}`,
      template: { containers: [{ name: 'sidecar', env: [{ name: 'RUNVOY_EXECUTION_ID', value: ID }] }] },
    };
    for (const [methodName, resourceName, response] of [
      ['google.cloud.run.v1.Executions.CancelExecution', `namespaces/my-project/executions/${NAME}`, v1Execution()],
      ['google.cloud.run.v2.Executions.CancelExecution', second.name, second],
    ]) {
      const payload = { ...protoPayload, methodName, resourceName, response };
      const logName = `${LOGS}/cloudaudit.googleapis.com%2Factivity`;
      expect(readPlatformEntry({ ...entry, logName, protoPayload: payload })).toEqual(changed);
    }
  });

  test.each([
    ['without the variables', v1Execution([])],
    ['with an id that is none', v1Execution([{ name: 'RUNVOY_EXECUTION_ID', value: '../x' }])],
    ['without an execution', {}],
    ['with nothing', undefined],
  ])('%s names the platform’s execution alone', (_, response) => {
    const { protoPayload, ...entry } = completion();
    expect(readPlatformEntry({ ...entry, protoPayload: { ...protoPayload, response } })).toEqual({
      kind: 'execution_changed',
      platform_execution: NAME,
    });
  });

  test.each([
    ['of a Job that is not ours', { resourceName: 'namespaces/my-project/executions/nightly-report-abcde' }],
    ['of another service', { serviceName: 'storage.googleapis.com' }],
    ['of the request to run', { resourceName: `namespaces/my-project/jobs/${NAME.slice(0, -6)}` }],
    ['without a resource', { resourceName: undefined }],
  ])('%s is foreign', (_, given) => {
    const { protoPayload, ...entry } = completion();
    expect(readPlatformEntry({ ...entry, protoPayload: { ...protoPayload, ...given } })).toEqual({ kind: 'foreign' });
  });
});

const printed = (log: string, payload: object) => ({
  logName: `${LOGS}/run.googleapis.com%2F${log}`,
  resource: { type: 'cloud_run_job', labels: { job_name: NAME.slice(0, -6) } },
  labels: { 'run.googleapis.com/execution_name': NAME, container_name: 'sidecar' },
  timestamp: '2026-11-28T12:00:00.123456789Z',
  ...payload,
});
const AT = Date.UTC(2026, 10, 28, 12, 0, 0, 123);

describe('a container’s output', () => {
  test('is the object when the line was one, its numbers whole again, though the log holds doubles', () => {
    const entry = JSON.parse(
      JSON.stringify(printed('stdout', {})).replace(
        /}$/,
        ',"jsonPayload":{"runvoy":"logs","attempt":1.0,"body":{"from":1.0,"expires_at":1.795867200000E12}}}',
      ),
    ) as unknown;
    const object = { runvoy: 'logs', attempt: 1, body: { from: 1, expires_at: 1_795_867_200_000 } };
    expect(readPlatformEntry(entry)).toEqual({ kind: 'output', platform_execution: NAME, printed: object, at_ms: AT });
  });

  test.each(['stdout', 'stderr'])('on %s is the text when the line was none', (log) => {
    const output = { kind: 'output', platform_execution: NAME, printed: 'hello', at_ms: AT };
    expect(readPlatformEntry(printed(log, { textPayload: 'hello' }))).toEqual(output);
  });

  test.each([
    ['of another Job', { labels: { 'run.googleapis.com/execution_name': 'nightly-report-abcde' } }],
    ['of a service', { resource: { type: 'cloud_run_revision' } }],
    ['without labels', { labels: undefined }],
  ])('%s is foreign', (_, given) => {
    expect(readPlatformEntry(printed('stdout', { textPayload: 'x', ...given }))).toEqual({ kind: 'foreign' });
  });
});

describe('what the platform says of a container', () => {
  test.each([
    ['Container called exit(1).', undefined],
    ['Memory limit of 512 MiB exceeded with 530 MiB used. Consider increasing the memory limit.', 'out_of_memory'],
    ['Terminating task because it has reached the maximum timeout of 600 seconds.', 'timeout'],
  ])('%s has the reason %p', (text, reason) => {
    const entry = { kind: 'system', platform_execution: NAME, text, at_ms: AT, ...(reason && { reason }) };
    expect(readPlatformEntry(printed('varlog%2Fsystem', { textPayload: text }))).toEqual(entry);
    expect(readPlatformEntry(printed('varlog%2Fsystem', { jsonPayload: { message: text } }))).toEqual(entry);
  });
});

test.each([null, 'text', {}, { logName: 7 }, printed('stdout', { timestamp: 'yesterday' })])(
  '%j is no entry of a log',
  (entry) => {
    expect(() => readPlatformEntry(entry)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  },
);

test.each(['run.googleapis.com%2Frequests', 'cloudaudit.googleapis.com%2Fdata_access'])(
  'an entry of %s is foreign',
  (log) => {
    expect(readPlatformEntry({ logName: `${LOGS}/${log}` })).toEqual({ kind: 'foreign' });
  },
);
