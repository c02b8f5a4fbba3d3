import { expect, test } from '@jest/globals';
import { executionStatusBody } from '../../src/executions/execution-body.ts';
import { tellEvidence } from '../../src/executions/explain-evidence.ts';
import { recordFinished } from '../../src/executions/record-finished.ts';
import { Failure } from '../../src/failure.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { assessLog } from '../../src/logs/assess-log.ts';
import { verifyLog } from '../../src/logs/verify-log.ts';
import { RunWorld, T0 } from '../run-world.ts';

test('a report is stored with the end record of its log, and the run goes on until the platform says', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.clock.advance(5_000);
  await run.finish({ exit_code: 3, maskings: 2 }, 'one', 'two');
  const execution = await run.execution();
  expect(execution).toMatchObject({
    status: 'RUNNING',
    end_record: { lines: 2, bytes: 6, maskings: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    facts: { report: { cause: 'exited', exit_code: 3, stored_at_ms: T0 + 5_000 } },
  });
  expect(executionStatusBody(execution)).toMatchObject({ exit_code: null, waiting_for: 'platform_end' });
});

test('an end record says what was masked and what could not be, and so do status, explain and verify', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish({ exit_code: 0, maskings: 2, unmasked: ['PIN'] }, 'one ***', 'two ***');
  const execution = await run.execution();
  const masking = { maskings: 2, unmasked: ['PIN'] };
  expect(executionStatusBody(execution).log).toMatchObject(masking);
  expect(await verifyLog(world, execution)).toMatchObject(masking);
  expect(tellEvidence(execution).find(({ kind }) => kind === 'reported')!.text).toMatch(
    / 2 places of its log were masked, .* Too short to be masked, and so perhaps in the log: PIN\.$/,
  );
});

test('the same report again, from whichever lane, writes nothing', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish({ exit_code: 3, signal: 'SIGTERM', stop_progress: { signalled_ms: T0 } }, 'one');
  const writes = world.records.writes.length;
  world.clock.advance(1_000);
  await run.finish({ exit_code: 3, signal: 'SIGTERM', stop_progress: { signalled_ms: T0 } }, 'one');
  expect(world.records.writes).toHaveLength(writes);
});

test('a second report that differs is a recorded fault, and the first stands', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish({ exit_code: 3 });
  await run.finish({ exit_code: 0 });
  await run.finish({ exit_code: 0 });
  expect(await run.execution()).toMatchObject({
    facts: { report: { exit_code: 3 } },
    faults: [{ kind: 'second_report' }],
  });
  expect((await run.execution()).faults).toHaveLength(1);
});

test('a second report with another end record is a fault, too', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const first = await run.finish({ exit_code: 0 }, 'one');
  await run.finish({ exit_code: 0 }, 'two');
  await run.finish({ exit_code: 0 }, 'two');
  const execution = await run.execution();
  expect(execution.end_record).toEqual(first.end_record);
  expect(execution.faults).toMatchObject([{ kind: 'second_report' }]);
});

test('[terminal-changed] a report after the end improves the log and changes neither status nor code', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  world.jobs.ended(1, T0);
  world.jobs.keeps(1, { entries: [], final: true });
  await run.look();
  const lost = await run.execution();
  expect(lost).toMatchObject({ status: 'FAILED', reason: 'lost' });
  await run.finish({ exit_code: 0 }, 'one');
  const { end_record, ...rest } = await run.execution();
  expect(rest).toEqual(lost);
  expect(end_record?.lines).toBe(1);
});

test('how far a stop came is taken from the report', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.stop();
  await run.finish({ cause: 'stop', signal: 'SIGKILL', stop_progress: { signalled_ms: T0 + 1, killed_ms: T0 + 2 } });
  expect((await run.execution()).facts.stop).toMatchObject({ signalled_at_ms: T0 + 1, killed_at_ms: T0 + 2 });
});

test('a run without a runner takes no report', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const unbound = await world.started();
  await recordFinished(world, unbound.id, run.report());
  expect((await unbound.execution()).facts.report).toBeUndefined();
});

test('a short log whose lines are all stored is proven in the write that stores its report', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'one'));
  await appendBatch(world, run.id, run.logs(2, 'two', 'three'));
  const writes = world.records.writes.length;
  expect((await run.finish({}, 'one', 'two', 'three')).log_proven).toBe(true);
  expect(world.records.writes.slice(writes)).toEqual([`set executions/${run.id}`]);
});

test.each<[string, readonly (readonly [number, ...string[]])[]]>([
  ['a line is missing', [[2, 'two']]],
  ['the last line is missing', [[1, 'one']]],
  ['there is a line too many', [[1, 'one', 'two', 'three']]],
  ['a line is another', [[1, 'one', 'too']]],
])('a log of which %s is not proven by its report', async (_, stored) => {
  const world = await RunWorld.open();
  const run = await world.running();
  for (const [from, ...texts] of stored) await appendBatch(world, run.id, run.logs(from, ...texts));
  expect((await run.finish({}, 'one', 'two')).log_proven).toBeUndefined();
  expect((await run.execution()).end_record).toMatchObject({ lines: 2 });
});

test('a log of more than a page is left for later: its report is stored first', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  const texts = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  for (const [index, text] of texts.entries()) await appendBatch(world, run.id, run.logs(index + 1, text));
  const { reads } = world.records;
  const execution = await run.finish({}, ...texts);
  expect([execution.log_proven, world.records.reads - reads]).toEqual([undefined, 1]);
  expect((await assessLog(world, execution)).completeness).toBe('complete');
});

test('a report is stored although its log cannot be read', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'one'));
  world.records.page = async () => {
    throw new Failure('STORE_UNAVAILABLE');
  };
  const execution = await run.finish({}, 'one');
  expect([execution.facts.report?.exit_code, execution.log_proven]).toEqual([0, undefined]);
});

test('the proof of a second end record proves nothing of the first, which stands', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish({}, 'one', 'two');
  await appendBatch(world, run.id, run.logs(1, 'one'));
  expect((await run.finish({}, 'one')).log_proven).toBeUndefined();
});
