import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { digestRow, type ExportedRun, type LogLine } from '@runvoy/protocol';
import { importExecutions } from '../../src/import/import-executions.ts';
import { importLog } from '../../src/import/import-log.ts';
import { readLines } from '../../src/logs/read-log.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ASKING = { caller: callerOf('admin'), requestId: 'r' };
const ID = '1'.repeat(32);

const lines: readonly LogLine[] = ['one', 'two', 'three'].map((text, at) => ({
  seq: at + 1,
  stream: 'stdout',
  ms: 1_000 + at,
  text,
}));

/** A run that ended elsewhere, whose runner stated `lines`. */
const run: ExportedRun = {
  execution_id: ID,
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
  cloud: 'GCP',
  log: {
    lines: lines.length,
    bytes: lines.reduce((sum, { text }) => sum + text.length, 0),
    sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
  },
};

async function imported() {
  const world = await RunWorld.open();
  await importExecutions(world, [run], 'GCP', ASKING);
  const bring = (some: readonly LogLine[]) => importLog(world, ID, some, ASKING);
  const stored = async () => {
    const texts: string[] = [];
    for await (const { text } of readLines(world, ID, 0)) texts.push(text);
    return texts;
  };
  return { bring, stored };
}

test('a log with more lines than its runner stated is refused, and nothing of it is stored', async () => {
  const { bring, stored } = await imported();
  await expect(bring([...lines, { seq: 4, stream: 'stdout', ms: 2_000, text: 'four' }])).rejects.toMatchObject({
    code: 'UNPROCESSABLE',
    message: expect.stringContaining('has 3 lines'),
  });
  expect(await stored()).toEqual([]);
});

test('the lines of a proven log are welcome again, however they are cut', async () => {
  const { bring, stored } = await imported();
  await bring(lines);
  expect(await bring(lines.slice(1))).toEqual({ execution_id: ID, through: 3 });
  expect(await stored()).toEqual(['one', 'two', 'three']);
});

test('other lines than those of a proven log are refused, not passed over', async () => {
  const { bring, stored } = await imported();
  await bring(lines);
  const forged = lines.slice(1).map((line) => ({ ...line, text: 'forged' }));
  await expect(bring(forged)).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
  expect(await stored()).toEqual(['one', 'two', 'three']);
});
