import { expect, test } from '@jest/globals';
import { appendBatch } from '@runvoy/core';
import type { LogLine, LogsBody } from '@runvoy/protocol';
import { openWorld, T0, type World } from './world.ts';

const time = (seq: number) => new Date(T0 + seq * 1_000).toISOString();

/** A run that goes on, with ten lines in batches of three, a second apart; those at the places in `lost` are missing. */
async function runOfTen(world: World, lost: readonly number[] = []): Promise<string> {
  const id = (await world.call('POST', '/api/v1/run', { command: 'echo hi' })).json().execution_id as string;
  const lines = Array.from({ length: 10 }, (_, at): LogLine => ({
    seq: at + 1,
    stream: 'stdout',
    ms: T0 + (at + 1) * 1_000,
    text: `line ${at + 1}`,
  }));
  for (const from of [1, 4, 7, 10]) {
    const batch = lines.slice(from - 1, from + 2);
    if (!lost.includes(from)) {
      await appendBatch(world, id, { from, lines: batch, expires_at: 0, key_id: 'k', mac: '' });
    }
  }
  return id;
}

const pageOf = async (world: World, id: string, query: string) => {
  const answer = await world.call('GET', `/api/v1/executions/${id}/logs?${query}`);
  const { events, next_after } = answer.json() as LogsBody;
  return { status: answer.statusCode, seqs: (events ?? []).map(({ event_id }) => Number(event_id)), next_after };
};

test.each<[string, number, number[], number | undefined]>([
  ['tail=3', 200, [8, 9, 10], 10],
  ['tail=99', 200, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 10],
  ['tail=4&limit=2', 200, [7, 8], 8],
  [`from=${time(9)}`, 200, [9, 10], 10],
  [`from=${time(3)}&to=${time(5)}`, 200, [3, 4, 5], undefined],
  [`to=${time(2)}`, 200, [1, 2], undefined],
  [`to=${time(10)}`, 200, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 10],
  [`from=${time(5)}&after=7&limit=1`, 200, [8], 8],
  [`from=${time(99)}`, 200, [], 10],
])('of a log of ten lines %s is answered %d with %j', async (query, status, seqs, next_after) => {
  await using world = await openWorld();
  const id = await runOfTen(world);
  expect(await pageOf(world, id, query)).toEqual({ status, seqs, next_after });
});

test('missing lines count neither for a tail nor for a time', async () => {
  await using world = await openWorld();
  const id = await runOfTen(world, [4]);
  expect((await pageOf(world, id, 'tail=5')).seqs).toEqual([3, 7, 8, 9, 10]);
  expect((await pageOf(world, id, `from=${time(4)}`)).seqs).toEqual([7, 8, 9, 10]);
});

test('a page ends before a missing line while it may still come, so that who follows next_after gets it', async () => {
  await using world = await openWorld();
  const id = await runOfTen(world, [4]);
  expect(await pageOf(world, id, 'after=0')).toEqual({ status: 200, seqs: [1, 2, 3], next_after: 3 });
  expect(await pageOf(world, id, 'after=3')).toEqual({ status: 200, seqs: [], next_after: 3 });
});

test.each([
  ['tail=0', 400],
  ['tail=many', 400],
  ['tail=10001', 400],
  ['limit=0', 400],
  ['limit=10001', 400],
  [`from=${time(3)}&to=${time(2)}`, 400],
  ['tail=3&after=1', 400],
  [`tail=3&from=${time(1)}`, 400],
  [`tail=3&to=${time(3)}`, 400],
  ['from=yesterday', 400],
])('%s is refused with %d', async (query, status) => {
  await using world = await openWorld();
  const id = await runOfTen(world);
  expect((await pageOf(world, id, query)).status).toBe(status);
});
