import { expect, test } from '@jest/globals';
import type { ExportedRun } from '@runvoy/protocol';
import { executionStatusBody } from '../../src/executions/execution-body.ts';
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

test('a run that waited first is shown with the time its command ran, as where it came from', async () => {
  const world = await RunWorld.open();
  const waited = { ...run, completed_at: '2025-01-01T01:00:03Z', duration_seconds: 3 };
  const untold = { ...run, execution_id: '2'.repeat(32), duration_seconds: 0 };
  await importExecutions(world, [waited, untold], 'AWS', ASKING);
  const shown = async (id: string) => executionStatusBody((await world.records.get(executionRef(id)))!.value);
  expect(await shown(run.execution_id)).toMatchObject({ duration_ms: 3_000, completed_at: '2025-01-01T01:00:03.000Z' });
  expect(await shown(untold.execution_id)).toMatchObject({ duration_ms: 1_000 });
});

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
