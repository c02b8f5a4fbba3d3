import { describe, expect, test } from '@jest/globals';
import { appendBatch, isNumbered, isProperLine } from '../../src/logs/append-batch.ts';
import { chunkRef, linesOf, type LogChunk } from '../../src/logs/log-chunk.ts';
import { replayLane } from '../../src/logs/replay-lane.ts';
import type { Ref } from '../../src/records/records.ts';
import { RunWorld, T0 } from '../run-world.ts';

const chunkWrites = (world: RunWorld) => world.records.writes.filter((write) => write.includes('log-chunks/'));

test('a batch becomes one chunk, lines and numbers as the runner cut them', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  expect(await appendBatch(world, run.id, run.logs(1, 'one', '', 'drei ✓'))).toEqual({ acked_through: 3, isNew: true });
  const chunk = (await world.records.get(chunkRef(run.id, 1)))!.value;
  expect(chunk).toMatchObject({ execution_id: run.id, from: 1, through: 3, stored_at_ms: T0 });
  expect(linesOf(chunk).map(({ seq, text }) => [seq, text])).toEqual([
    [1, 'one'],
    [2, ''],
    [3, 'drei ✓'],
  ]);
});

describe('[exactly-once]', () => {
  test('a batch from both lanes at once is stored once, and both are told it is', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const batch = run.logs(1, 'one', 'two');
    world.jobs.keeps(1, { entries: [run.laneEntry(batch)], final: false });
    const [fast] = await Promise.all([
      appendBatch(world, run.id, batch),
      replayLane(world, { execution_id: run.id, attempt: 1 }),
      appendBatch(world, run.id, batch),
    ]);
    expect(fast).toEqual({ acked_through: 2, isNew: true });
    expect(chunkWrites(world)).toHaveLength(1);
    expect((await run.execution()).faults).toEqual([]);
  });

  test('a batch again, much later, writes nothing', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, run.id, run.logs(1, 'one'));
    const writes = world.records.writes.length;
    world.clock.advance(86_400_000);
    expect(await appendBatch(world, run.id, run.logs(1, 'one'))).toEqual({ acked_through: 1, isNew: false });
    expect(world.records.writes).toHaveLength(writes);
  });

  test('a batch that is likely there is asked for, and neither created nor read', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const batch = run.logs(1, 'one', 'two');
    await appendBatch(world, run.id, batch);
    const asked: string[] = [];
    const records = Object.assign(Object.create(world.records) as typeof world.records, {
      create: async () => void asked.push('create'),
      getFields: async (ref: Ref<LogChunk>, fields: readonly (keyof LogChunk)[]) => {
        asked.push(...fields);
        return world.records.getFields(ref, fields);
      },
    });
    const again = appendBatch({ records, clock: world.clock }, run.id, batch, { isLikelyThere: true });
    expect(await again).toEqual({ acked_through: 2, isNew: false });
    expect(asked).toEqual(['content_hash']);
  });

  test('a batch that is likely there and is not is stored', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const append = () => appendBatch(world, run.id, run.logs(1, 'one'), { isLikelyThere: true });
    expect(await append()).toEqual({ acked_through: 1, isNew: true });
    expect(await append()).toEqual({ acked_through: 1, isNew: false });
    expect(chunkWrites(world)).toHaveLength(1);
  });

  test('a batch that the other lane stores between the look and the create is stored once', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const batch = run.logs(1, 'one');
    const records = Object.assign(Object.create(world.records) as typeof world.records, {
      getFields: (ref: Ref<LogChunk>, fields: readonly (keyof LogChunk)[]) => world.records.getFields(ref, fields),
      create: async (ref: Ref<LogChunk>, chunk: LogChunk) => {
        await appendBatch(world, run.id, batch);
        await world.records.create(ref, chunk);
      },
    });
    const late = appendBatch({ records, clock: world.clock }, run.id, batch, { isLikelyThere: true });
    expect(await late).toEqual({ acked_through: 1, isNew: false });
    expect(chunkWrites(world)).toHaveLength(1);
    expect((await run.execution()).faults).toEqual([]);
  });

  test.each([false, true])(
    'other content under a stored number is refused, whether it is thought to be there: %s',
    async (isLikelyThere) => {
      const world = await RunWorld.open();
      const run = await world.running();
      await appendBatch(world, run.id, run.logs(1, 'true'));
      await expect(appendBatch(world, run.id, run.logs(1, 'false'), { isLikelyThere })).rejects.toMatchObject({
        code: 'BATCH_MISMATCH',
      });
      expect((await run.execution()).faults).toMatchObject([{ kind: 'batch_mismatch' }]);
      expect(linesOf((await world.records.get(chunkRef(run.id, 1)))!.value)[0]?.text).toBe('true');
    },
  );

  test('other content under a stored number is refused and recorded once, and nothing is overwritten', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, run.id, run.logs(1, 'true'));
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(appendBatch(world, run.id, run.logs(1, 'false'))).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
    }
    const execution = await run.execution();
    expect(execution.faults).toMatchObject([{ kind: 'batch_mismatch', at_ms: T0 }]);
    expect(execution.faults[0]?.details).toMatch(/^lines 1-1: stored [0-9a-f]{64}, received [0-9a-f]{64}$/);
    expect(linesOf((await world.records.get(chunkRef(run.id, 1)))!.value)[0]?.text).toBe('true');
    expect(chunkWrites(world)).toHaveLength(1);
  });

  test.each([
    ['a time', { ms: T0 + 1 }],
    ['a stream', { stream: 'stderr' as const }],
    ['a continuation', { partial: true as const }],
  ])('a line that differs only in %s is other content', async (_, change) => {
    const world = await RunWorld.open();
    const run = await world.running();
    const batch = run.logs(1, 'one');
    await appendBatch(world, run.id, batch);
    const changed = { ...batch, lines: batch.lines.map((line) => ({ ...line, ...change })) };
    await expect(appendBatch(world, run.id, changed)).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
  });

  test('two different mismatches are two faults', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, run.id, run.logs(1, 'a'));
    for (const text of ['b', 'c']) await appendBatch(world, run.id, run.logs(1, text)).catch(() => undefined);
    expect((await run.execution()).faults).toHaveLength(2);
  });

  test('a mismatch for an execution that is gone is refused all the same', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await appendBatch(world, 'f'.repeat(32), run.logs(1, 'a'));
    await expect(appendBatch(world, 'f'.repeat(32), run.logs(1, 'b'))).rejects.toMatchObject({
      code: 'BATCH_MISMATCH',
    });
  });

  test('a store that does not answer is not taken for a batch that is there', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    const records = Object.assign(Object.create(world.records) as typeof world.records, {
      create: () => Promise.reject(new Error('store down')),
    });
    await expect(appendBatch({ records, clock: world.clock }, run.id, run.logs(1, 'a'))).rejects.toThrow('store down');
  });
});

test('[foreign-line] equal numbers of two runs are two chunks', async () => {
  const world = await RunWorld.open();
  const [a, b] = [await world.running(), await world.running()];
  await appendBatch(world, a.id, a.logs(1, 'mine'));
  await appendBatch(world, b.id, b.logs(1, 'yours'));
  expect(linesOf((await world.records.get(chunkRef(a.id, 1)))!.value)[0]?.text).toBe('mine');
});

describe('a batch is numbered', () => {
  test.each([
    ['from its first line without gaps', 5, [5, 6, 7], true],
    ['not when it has a gap', 5, [5, 7], false],
    ['not when it begins elsewhere', 5, [6, 7], false],
    ['not when it repeats', 5, [5, 5], false],
    ['not when it is empty: it would take the place of the next one', 5, [], false],
    ['not from zero', 0, [0, 1], false],
    ['not from half a line', 0.5, [0.5], false],
  ])('%s', async (_, from, seqs, expected) => {
    const lines = seqs.map((seq) => ({ seq, stream: 'stdout' as const, ms: T0, text: '' }));
    expect(isNumbered({ from, lines, expires_at: 0, key_id: '', mac: '' })).toBe(expected);
  });
});

describe('a line is proper', () => {
  const line = { seq: 1, stream: 'stdout', ms: T0, text: 'a' };
  test.each<[string, object, boolean]>([
    ['as the runner cut it', {}, true],
    ['with a continuation', { partial: true }, true],
    ['not of an unknown stream', { stream: 'stdin' }, false],
    ['not with a time in text', { ms: String(T0) }, false],
    ['not with a number for a text', { text: 5 }, false],
    ['not with a line feed', { text: 'a\nb' }, false],
    ['not with another continuation', { partial: 1 }, false],
    ['not with a field of its own', { note: '' }, false],
  ])('%s', (_, change, expected) => {
    expect(isProperLine({ ...line, ...change })).toBe(expected);
  });
});
