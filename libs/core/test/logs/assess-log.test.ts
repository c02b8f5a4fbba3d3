import { describe, expect, test } from '@jest/globals';
import { executionBody, executionStatusBody } from '../../src/executions/execution-body.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { assessLog, findGaps } from '../../src/logs/assess-log.ts';
import { RunWorld, T0, type RunningRun } from '../run-world.ts';

const LINES = ['one', 'two', 'three', 'four', 'five'];

async function assess(run: RunningRun) {
  return assessLog(run.world, await run.execution());
}

async function end(run: RunningRun): Promise<void> {
  run.world.jobs.ended(1, T0);
  run.world.jobs.keeps(1, { entries: [], final: true });
  await run.look();
}

async function reported(...stored: readonly (readonly [number, ...string[]])[]): Promise<RunningRun> {
  const world = await RunWorld.open();
  const run = await world.running();
  for (const [from, ...texts] of stored) await appendBatch(world, run.id, run.logs(from, ...texts));
  await run.finish({}, ...LINES);
  return run;
}

describe('complete', () => {
  test('is a log of exactly the stated lines whose digest agrees, and the proof is stored once', async () => {
    const run = await reported([1, 'one', 'two']);
    await end(run);
    const { world } = run;
    await appendBatch(world, run.id, run.logs(3, 'three', 'four', 'five'));
    const writes = world.records.writes.length;
    expect(await assess(run)).toEqual({
      completeness: 'complete',
      lines: 5,
      bytes: 19,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      gaps: [],
    });
    expect(world.records.writes).toHaveLength(writes + 1);
    const reads = world.records.reads;
    expect((await assess(run)).completeness).toBe('complete');
    expect(world.records.writes).toHaveLength(writes + 1);
    // Only the execution itself was read: the digest is not worked out again.
    expect(world.records.reads - reads).toBe(1);
    expect(executionBody(await run.execution()).log?.completeness).toBe('complete');
  });

  test('two readers at once prove it once', async () => {
    const run = await reported();
    await appendBatch(run.world, run.id, run.logs(1, ...LINES));
    const execution = await run.execution();
    const writes = run.world.records.writes.length;
    await Promise.all([assessLog(run.world, execution), assessLog(run.world, execution)]);
    expect(run.world.records.writes).toHaveLength(writes + 1);
  });

  test('is also the empty log of a run that never had a runner', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    world.clock.advance(world.startTimeoutMs);
    await run.look();
    expect(await assessLog(world, await run.execution())).toEqual({ completeness: 'complete', lines: 0, gaps: [] });
  });

  test('is the log of a command that printed nothing', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.finish();
    await end(run);
    expect(await assess(run)).toMatchObject({ completeness: 'complete', lines: 0, gaps: [] });
  });
});

describe('running', () => {
  test('is a log whose run goes on', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    expect(await assess(run)).toEqual({ completeness: 'running', lines: 0, gaps: [] });
    await appendBatch(world, run.id, run.logs(1, 'one', 'two'));
    expect(await assess(run)).toEqual({ completeness: 'running', lines: 2, gaps: [] });
  });

  test('is a log with lines missing while the end is not stored: they are on their way', async () => {
    const run = await reported([3, 'three']);
    expect(await assess(run)).toMatchObject({
      completeness: 'running',
      lines: 5,
      gaps: [
        { from: 1, to: 2 },
        { from: 4, to: 5 },
      ],
    });
  });
});

describe('gaps', () => {
  test('are named, at the beginning, in the middle and at the end', async () => {
    const run = await reported([2, 'two'], [4, 'four']);
    await end(run);
    const assessment = await assess(run);
    expect(assessment).toMatchObject({
      completeness: 'gaps',
      gaps: [
        { from: 1, to: 1 },
        { from: 3, to: 3 },
        { from: 5, to: 5 },
      ],
    });
    expect(executionStatusBody(await run.execution(), assessment).log?.gaps).toHaveLength(3);
  });

  test('[completeness-fell] close when the lines come late, and the log stays complete', async () => {
    const run = await reported([1, 'one', 'two', 'three']);
    await end(run);
    expect((await assess(run)).completeness).toBe('gaps');
    await appendBatch(run.world, run.id, run.logs(4, 'four', 'five'));
    expect((await assess(run)).completeness).toBe('complete');
    expect((await assess(run)).completeness).toBe('complete');
  });

  test('are worked out once, whoever asks, until a line of them comes', async () => {
    const run = await reported([1, 'one', 'two'], [4, 'four']);
    await end(run);
    const { world } = run;
    const first = await assess(run);
    const cost = async () => {
      const [reads, writes] = [world.records.reads, world.records.writes.length];
      const assessment = await assess(run);
      // One read is that of the execution; that chunks are counted reads none of them.
      return { assessment, reads: world.records.reads - reads - 1, writes: world.records.writes.length - writes };
    };
    expect(await cost()).toEqual({ assessment: first, reads: 0, writes: 0 });
    await appendBatch(world, run.id, run.logs(5, 'five'));
    const second = await cost();
    expect(second.assessment).toMatchObject({ completeness: 'gaps', gaps: [{ from: 3, to: 3 }] });
    expect(second.reads).toBeGreaterThan(0);
    expect(await cost()).toEqual({ assessment: second.assessment, reads: 0, writes: 0 });
    await appendBatch(world, run.id, run.logs(3, 'three'));
    expect(await cost()).toMatchObject({ assessment: { completeness: 'complete', gaps: [] }, writes: 1 });
  });

  test('are worked out anew when the end record comes late', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, run.id, run.logs(1, 'one', 'two'));
    await end(run);
    expect(await assess(run)).toMatchObject({ completeness: 'unproven', lines: 2, gaps: [] });
    await run.finish({}, ...LINES);
    expect(await assess(run)).toMatchObject({ completeness: 'gaps', lines: 5, gaps: [{ from: 3, to: 5 }] });
    expect(await assess(run)).toMatchObject({ completeness: 'gaps', lines: 5, gaps: [{ from: 3, to: 5 }] });
  });

  test('are found up to any line', async () => {
    const run = await reported([2, 'two'], [5, 'five']);
    expect(await findGaps(run.world, run.id, 7)).toEqual([
      { from: 1, to: 1 },
      { from: 3, to: 4 },
      { from: 6, to: 7 },
    ]);
  });
});

describe('unproven', () => {
  test('is a log whose runner died before its end record, with what is stored and what is missing in it', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, run.id, run.logs(3, 'three'));
    await end(run);
    expect(await assess(run)).toEqual({ completeness: 'unproven', lines: 3, gaps: [{ from: 1, to: 2 }] });
  });

  test('is a log whose runner died before it printed anything', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await end(run);
    expect(await assess(run)).toMatchObject({ completeness: 'unproven', lines: 0 });
  });

  test('[hash-wrong] is a log with another digest than stated, a fault that is recorded once', async () => {
    const run = await reported([1, 'one', 'two', 'three', 'four', 'FIVE']);
    await end(run);
    expect((await assess(run)).completeness).toBe('unproven');
    expect((await assess(run)).completeness).toBe('unproven');
    const execution = await run.execution();
    expect(execution.faults).toMatchObject([{ kind: 'digest_mismatch' }]);
    expect(execution.log_proven).toBeUndefined();
    expect(executionBody(execution).log?.completeness).toBe('unproven');
  });

  test('is a log with more lines than the runner stated', async () => {
    const run = await reported([1, ...LINES, 'six']);
    await end(run);
    expect((await assess(run)).completeness).toBe('unproven');
  });
});
