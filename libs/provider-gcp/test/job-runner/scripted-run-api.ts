import type { Clock, StartOrder } from '@runvoy/core';
import { partsOf } from '../../src/job-runner/job-parts.ts';
import { profileOf } from '../../src/job-runner/job-profile.ts';
import { jobOf } from '../../src/job-runner/job-template.ts';
import type { RunApi } from '../../src/job-runner/run-api.ts';
import type { RunExecution, RunJob } from '../../src/job-runner/run-resources.ts';
import type { CloudRunSettings } from '../../src/job-runner/settings.ts';

export const T0 = Date.UTC(2026, 10, 28, 12);
export const ID = 'a'.repeat(32);
export const JOB_ACCOUNT = 'runvoy-job@my-project.iam.gserviceaccount.com';
export const SETTINGS: CloudRunSettings = {
  project: 'my-project',
  region: 'europe-west1',
  serviceAccounts: [JOB_ACCOUNT],
  defaultServiceAccount: JOB_ACCOUNT,
  sidecarImage: 'europe-docker.pkg.dev/my-project/runvoy/sidecar:1',
  intakeUrl: 'https://intake.example.com',
};
export const ORDER: StartOrder = {
  execution_id: ID,
  attempt: 1,
  token: 'a-one-time-token',
  isolation: 'cloud-run',
  image: 'docker.io/library/alpine:3.22',
  cpu: 256,
  memory_mib: 512,
  timeout_s: 3_600,
  grace_ms: 10_000,
};
export const NAME = `rv-${'a'.repeat(20)}-xyz42`;

/** A clock on which every sleep is over at once, and has taken its time. */
export function hastyClock(): Clock & { readonly slept: number[] } {
  let now = T0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
}

/** An answer of gRPC that is none. */
export function refusal(code: number, details = `code ${code}`): Error {
  return Object.assign(new Error(`${code} SOMETHING: ${details}`), { code, details });
}

export const READY: RunJob = {
  terminal: { type: 'Ready', state: 'succeeded', reason: '', message: '' },
  isSettling: false,
  parts: partsOf(jobOf(profileOf(ORDER, SETTINGS))),
};

export function execution(given: Partial<RunExecution> = {}): RunExecution {
  return {
    name: NAME,
    createdMs: T0,
    startedMs: undefined,
    completedMs: undefined,
    running: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    conditions: [],
    labels: { 'managed-by': 'runvoy' },
    vcpu: undefined,
    memoryMib: undefined,
    env: { RUNVOY_EXECUTION_ID: ID, RUNVOY_ATTEMPT: '1' },
    ...given,
  };
}

type Answers = { readonly [Method in keyof RunApi]?: readonly (Awaited<ReturnType<RunApi[Method]>> | Error)[] };

/**
 * A Cloud Run that gives the answers a test has written down, one after the other and the last one for ever; an `Error` is what the
 * call rejects with. A call without any fails the test.
 */
export function scriptedRunApi(answers: Answers): RunApi & { readonly calls: [method: string, ...args: unknown[]][] } {
  const calls: [string, ...unknown[]][] = [];
  const left = new Map(Object.entries(answers).map(([method, list]) => [method, [...list]]));
  const method =
    (name: string) =>
    async (...args: unknown[]): Promise<never> => {
      calls.push([name, ...args]);
      const list = left.get(name);
      if (!list || list.length === 0) throw new Error(`nobody expected ${name}`);
      const answer = list.length > 1 ? list.shift() : list[0];
      if (answer instanceof Error) throw answer;
      return answer as never;
    };
  return {
    calls,
    getJob: method('getJob'),
    listJobs: method('listJobs'),
    deleteJob: method('deleteJob'),
    createJob: method('createJob'),
    updateJob: method('updateJob'),
    runJob: method('runJob'),
    getExecution: method('getExecution'),
    listExecutions: method('listExecutions'),
    listTasks: method('listTasks'),
    cancelExecution: method('cancelExecution'),
    close: async () => undefined,
  };
}

export const methodsOf = ({ calls }: { readonly calls: readonly (readonly [string, ...unknown[]])[] }) =>
  calls.map(([name]) => name);
