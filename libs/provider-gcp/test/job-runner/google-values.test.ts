import { protos } from '@google-cloud/run';
import { describe, expect, test } from '@jest/globals';
import { enumName, mibOf, timeMs, vcpuOf, wholeNumber } from '../../src/job-runner/google-values.ts';
import { readExecution, readJob, readTask } from '../../src/job-runner/read-resources.ts';
import { COMMON_REASON, CONDITION_STATE, EXECUTION_REASON } from '../../src/job-runner/run-enums.ts';
import { NAME, T0 } from './scripted-run-api.ts';

const { Condition } = protos.google.cloud.run.v2;

test.each([
  ['state', CONDITION_STATE, Condition.State],
  ['reason', COMMON_REASON, Condition.CommonReason],
  ['reason of an execution', EXECUTION_REASON, Condition.ExecutionReason],
] as const)('a condition’s %s has the numbers that Google’s client gives it', (_, ours, theirs) => {
  const byNumber = Object.entries(theirs).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const byName = Object.entries(theirs).flatMap(([name, number]) =>
    typeof number === 'number' ? [[number, name]] : [],
  );
  expect(ours).toEqual(Object.fromEntries(byNumber.length > 0 ? byNumber : byName));
});

describe('a whole number', () => {
  // protobufjs's Long prints itself in decimal.
  const long = { low: 7, high: 0, unsigned: false, toString: () => '7' };
  test.each([
    [7, 7],
    [7.0, 7],
    ['7', 7],
    [long, 7],
    [undefined, 0],
    [null, 0],
  ])('%p is %p', (given, number) => {
    expect(wholeNumber(given)).toBe(number);
  });

  test.each([1.5, '9007199254740993', 'seven', NaN])('%p is refused, because it would be another number', (given) => {
    expect(() => wholeNumber(given)).toThrow(String(given));
  });
});

test.each([
  [{ seconds: String(T0 / 1000), nanos: 250_999_999 }, T0 + 250],
  [{ seconds: T0 / 1000, nanos: 0 }, T0],
  [{ seconds: { toString: () => String(T0 / 1000) }, nanos: null }, T0],
  ['2026-11-28T12:00:00.123456789Z', T0 + 123],
  [null, undefined],
])('the time %j is %p', (given, ms) => {
  expect(timeMs(given)).toBe(ms);
});

test('an enum is the same by name and by number, and an unknown number keeps it', () => {
  expect([3, '3', 'CONDITION_FAILED', undefined, 99].map((value) => enumName(value, CONDITION_STATE))).toEqual([
    'CONDITION_FAILED',
    'CONDITION_FAILED',
    'CONDITION_FAILED',
    'STATE_UNSPECIFIED',
    'UNKNOWN_99',
  ]);
});

test('an execution reads the same from a plain answer and from one inside an operation', () => {
  const plain = {
    name: `projects/p/locations/l/jobs/j/executions/${NAME}`,
    createTime: { seconds: String(T0 / 1000), nanos: 0 },
    startTime: null,
    completionTime: { seconds: String(T0 / 1000 + 9), nanos: 0 },
    runningCount: 0,
    failedCount: 1,
    conditions: [
      {
        type: 'Completed',
        state: 'CONDITION_FAILED',
        executionReason: 'NON_ZERO_EXIT_CODE',
        reason: 'COMMON_REASON_UNDEFINED',
        message: 'no',
      },
    ],
    labels: { 'managed-by': 'runvoy' },
    template: {
      containers: [
        { name: 'runner', env: [{ name: 'RUNVOY_EXECUTION_ID', value: 'forged' }] },
        { name: 'sidecar', env: [{ name: 'RUNVOY_EXECUTION_ID', value: 'e1' }] },
      ],
    },
  };
  const long = (number: number) => ({ low: number, high: 0, toString: () => String(number) });
  const inside = {
    ...plain,
    createTime: { seconds: long(T0 / 1000), nanos: 0 },
    completionTime: { seconds: long(T0 / 1000 + 9) },
    conditions: [{ type: 'Completed', state: 3, executionReason: 2, message: 'no' }],
  };
  expect(readExecution(inside)).toEqual(readExecution(plain));
  expect(readExecution(plain)).toEqual({
    name: NAME,
    createdMs: T0,
    startedMs: undefined,
    completedMs: T0 + 9_000,
    running: 0,
    succeeded: 0,
    failed: 1,
    cancelled: 0,
    conditions: [{ type: 'Completed', state: 'failed', reason: 'NON_ZERO_EXIT_CODE', message: 'no' }],
    labels: { 'managed-by': 'runvoy' },
    // The sidecar's alone: the user's container can hold anything under that name.
    env: { RUNVOY_EXECUTION_ID: 'e1' },
  });
});

test('a Job settles until it has seen what it was last told', () => {
  const terminalCondition = { type: 'Ready', state: 'CONDITION_SUCCEEDED' };
  expect(readJob({ terminalCondition, generation: '2', observedGeneration: '2' }).isSettling).toBe(false);
  expect(readJob({ terminalCondition, generation: '2', observedGeneration: '1' }).isSettling).toBe(true);
  expect(readJob({ terminalCondition, reconciling: true }).isSettling).toBe(true);
});

test('a task’s exit code of 0 is no exit code: it looks the same as none', () => {
  expect(readTask({ lastAttemptResult: { exitCode: 0, termSignal: 0 } })).toMatchObject({
    exitCode: undefined,
    termSignal: undefined,
    hasStarted: false,
  });
  expect(readTask({ lastAttemptResult: { termSignal: 9, status: { code: 10, message: 'why' } } })).toMatchObject({
    termSignal: 9,
    message: 'why',
  });
});

test.each([
  ['1', 1],
  ['0.5', 0.5],
  ['1500m', 1.5],
  ['', undefined],
  ['one', undefined],
])('"%s" is %p vCPU', (quantity, vcpu) => {
  expect(vcpuOf(quantity)).toBe(vcpu);
});

test.each([
  ['512Mi', 512],
  ['1Gi', 1_024],
  ['1.5Gi', 1_536],
  ['1048576', 1],
  ['1G', 1e9 / 1_024 ** 2],
  ['', undefined],
  ['1Xi', undefined],
])('"%s" is %p MiB', (quantity, mib) => {
  expect(mibOf(quantity)).toBe(mib);
});

test('the size of an execution is that of all its containers, and unknown when one is', () => {
  const limited = (cpu: string, memory: string) => ({ resources: { limits: { cpu, memory } } });
  const of = (...containers: object[]) => readExecution({ name: 'n', template: { containers } });
  expect(of(limited('1', '1Gi'), limited('2000m', '512Mi'))).toMatchObject({ vcpu: 3, memoryMib: 1_536 });
  expect(of(limited('1', '1Gi'), {})).toMatchObject({ vcpu: undefined, memoryMib: undefined });
  expect(of()).toMatchObject({ vcpu: undefined, memoryMib: undefined });
});
