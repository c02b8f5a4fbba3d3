import { expect, test } from '@jest/globals';
import type { ExportedRun } from '@runvoy/protocol';
import { executionRef } from '../../src/executions/execution.ts';
import { importExecutions } from '../../src/import/import-executions.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ASKING = { caller: callerOf('admin'), requestId: 'r' };

const run: ExportedRun = {
  execution_id: '1'.repeat(32),
  created_by: 'a@b.c',
  owned_by: ['a@b.c'],
  command: 'true',
  image_id: 'alpine:3-00000000',
  started_at: '2025-01-01T00:00:00Z',
  completed_at: '2025-01-01T00:00:01Z',
  status: 'SUCCEEDED',
  exit_code: 0,
  created_by_request_id: '',
  modified_by_request_id: '',
  cloud: 'AWS',
};

test.each([
  ['that began in the year 9999', { started_at: '9999-01-01T00:00:00Z' }, 'started_at has not come yet'],
  ['that ended in the year 9999', { completed_at: '9999-01-01T00:00:00Z' }, 'completed_at has not come yet'],
  ['that ended before it began', { completed_at: '2024-12-31T23:59:59Z' }, 'completed_at is before started_at'],
  ['without a time', { started_at: 'yesterday' }, 'started_at is no time'],
])('a run %s is refused by its name, and nothing of its request is stored', async (_, times, why) => {
  const world = await RunWorld.open();
  const other = { ...run, execution_id: '2'.repeat(32) };
  await expect(importExecutions(world, [other, { ...run, ...times }], 'AWS', ASKING)).rejects.toMatchObject({
    code: 'UNPROCESSABLE',
    message: `Execution ${run.execution_id}: ${why}.`,
  });
  expect(await world.records.get(executionRef(other.execution_id))).toBeUndefined();
});
