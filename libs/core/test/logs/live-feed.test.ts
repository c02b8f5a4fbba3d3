import { expect, test } from '@jest/globals';
import type { Execution } from '../../src/executions/execution.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import type { LogChunk } from '../../src/logs/log-chunk.ts';
import { recordsLiveFeed } from '../../src/logs/live-feed.ts';
import { RunWorld, T0 } from '../run-world.ts';

test('a listener is told what is stored after its line, then what is stored next, and of every state', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'a', 'b'));
  await appendBatch(world, run.id, run.logs(3, 'c'));
  const chunks: LogChunk[] = [];
  const states: Execution['status'][] = [];
  const end = recordsLiveFeed(world.records).open(run.id, 2, {
    chunk: (chunk) => void chunks.push(chunk),
    execution: ({ status }) => void states.push(status),
    failed: (error) => {
      throw error;
    },
  });
  await appendBatch(world, run.id, run.logs(4, 'd'));
  await run.finish();
  world.jobs.ended(1, T0);
  await run.look();
  expect(chunks.map(({ from }) => from)).toEqual([3, 4]);
  expect(states.at(0)).toBe('RUNNING');
  expect(states.at(-1)).toBe('SUCCEEDED');
  end();
  await appendBatch(world, run.id, run.logs(5, 'e'));
  expect(chunks).toHaveLength(2);
});
