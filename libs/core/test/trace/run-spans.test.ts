import { expect, test } from '@jest/globals';
import { commandTraceparent, runSpans, type Execution } from '../../src/index.ts';

const ID = 'e'.repeat(32);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALL = `00-${TRACE}-00f067aa0ba902b7-01`;
const STORED_MS = 9_000;

const ENDED: Execution = {
  execution_id: ID,
  created_by: 'a@example.com',
  owned_by: ['a@example.com'],
  command: 'deploy --token hunter2',
  image_id: 'host',
  image: 'host',
  cpu: 256,
  memory_mib: 512,
  isolation: 'process',
  timeout_s: 60,
  grace_ms: 0,
  max_log_bytes: 1,
  request_id: 'r',
  modified_by_request_id: 'r',
  traceparent: CALL,
  traced: true,
  started_at_ms: 1_000,
  cloud: 'LOCAL',
  facts: {
    attempts: [{ attempt: 1, token_hash: 'h', made_at_ms: 1_000 }],
    bound: { attempt: 1, nonce_hash: 'n', at_ms: 2_000 },
    report: { cause: 'exited', exit_code: 0, started_at_ms: 3_000, ended_at_ms: 7_000, stored_at_ms: 7_500 },
  },
  status: 'SUCCEEDED',
  unfinished: false,
  exit_code: 0,
  completed_at_ms: 7_000,
  faults: [],
};

const timesOf = (execution: Execution) =>
  runSpans(execution, STORED_MS).map(({ name, startMs, endMs }) => [name, startMs, endMs]);

test('a run that has ended is told by its parts, each with the times of its record', () => {
  expect(timesOf(ENDED)).toEqual([
    ['RUN', 1_000, 7_000],
    ['start', 1_000, 2_000],
    ['bootstrap', 2_000, 3_000],
    ['command', 3_000, 7_000],
    ['completion', 7_000, 9_000],
  ]);
});

test('the run is below the request, its parts below the run, and the command is what it was handed', () => {
  const [run, ...parts] = runSpans(ENDED, STORED_MS);
  expect(run!.parent).toBe(CALL);
  expect(new Set(parts.map(({ parent }) => parent))).toEqual(new Set([`00-${TRACE}-${run!.spanId}-01`]));
  const command = parts.find(({ name }) => name === 'command')!;
  expect(commandTraceparent(ENDED)).toBe(`00-${TRACE}-${command.spanId}-01`);
  expect(new Set([run, ...parts].map((span) => span!.spanId)).size).toBe(5);
});

test('told twice it is the same spans, and another run’s are others', () => {
  const ids = (execution: Execution) => runSpans(execution, STORED_MS).map(({ spanId }) => spanId);
  expect(ids(ENDED)).toEqual(ids(ENDED));
  expect(ids({ ...ENDED, execution_id: 'f'.repeat(32) })).not.toEqual(ids(ENDED));
});

test('a run that waited for its slot is told so', () => {
  const facts = { ...ENDED.facts, attempts: [{ attempt: 1, token_hash: 'h', made_at_ms: 1_800 }] };
  expect(timesOf({ ...ENDED, queued: { since_ms: 1_000, until_ms: 5_000 }, facts }).slice(1, 3)).toEqual([
    ['queue', 1_000, 1_800],
    ['start', 1_800, 2_000],
  ]);
});

test('a run whose runner reported nothing is told as far as its record knows', () => {
  const { report: _, ...facts } = ENDED.facts;
  const lost: Execution = { ...ENDED, facts, status: 'FAILED', reason: 'lost', exit_code: 1 };
  expect(timesOf(lost)).toEqual([
    ['RUN', 1_000, 7_000],
    ['start', 1_000, 2_000],
    ['bootstrap', 2_000, 7_000],
  ]);
  expect(runSpans(lost, STORED_MS).map(({ failed }) => failed)).toEqual(['lost', undefined, 'lost']);
});

test('a runner’s clock that is behind makes no span that ends before it begins', () => {
  const report = { ...ENDED.facts.report!, started_at_ms: 500, ended_at_ms: 700 };
  for (const { startMs, endMs } of runSpans({ ...ENDED, facts: { ...ENDED.facts, report } }, STORED_MS)) {
    expect(endMs).toBeGreaterThanOrEqual(startMs);
  }
});

test.each([
  ['SUCCEEDED', undefined, 'success', undefined],
  ['STOPPED', undefined, 'cancellation', undefined],
  ['FAILED', undefined, 'failure', 'exit_code'],
  ['FAILED', 'timeout', 'timeout', 'timeout'],
  ['FAILED', 'output_limit', 'failure', 'output_limit'],
  ['FAILED', 'out_of_memory', 'error', 'out_of_memory'],
] as const)('%s with reason %s is a %s', (status, reason, result, failed) => {
  const [run] = runSpans({ ...ENDED, status, ...(reason === undefined ? {} : { reason }) }, STORED_MS);
  expect([run!.attributes['cicd.pipeline.result'], run!.failed]).toEqual([result, failed]);
});

test('neither command nor people are in any span', () => {
  expect(JSON.stringify(runSpans(ENDED, STORED_MS))).not.toMatch(/hunter2|example\.com/);
});

test('a run whose request nobody recorded has no spans, and its command is handed none', () => {
  const { traced: _, ...unrecorded } = ENDED;
  expect(runSpans(unrecorded, STORED_MS)).toEqual([]);
  expect(commandTraceparent(unrecorded)).toBeUndefined();
});
