import { expect, test } from '@jest/globals';
import { executionRef, SETTLE_MS } from '@runvoy/core';
import type { ExecutionStatusBody, LogLine, LogsBody, VerifyLogBody } from '@runvoy/protocol';
import { openSecretMask } from '../../jobs/sandbox-runner/src/masker.ts';
import { openRunLog } from '../../jobs/sandbox-runner/src/run-log.ts';
import { begin, end, run, write } from '../../services/orchestrator/test/stored-log.ts';
import { openWorld, T0 } from '../../services/orchestrator/test/world.ts';

const LIMIT_BYTES = 20_000;

/** What a runner sends of a long log under `head_tail` until it is killed: nothing of what it holds for the end. */
function sentBeforeItsEnd(): readonly (readonly LogLine[])[] {
  const sent: (readonly LogLine[])[] = [];
  const log = openRunLog({
    mask: openSecretMask({}),
    batchMs: 0,
    maxLogBytes: LIMIT_BYTES,
    limitPolicy: 'head_tail',
    now: () => T0,
    onBatch: ({ json }) => void sent.push(JSON.parse(json.toString()) as LogLine[]),
    onOutputLimit: () => undefined,
  });
  for (let at = 1; at <= 5_000; at += 1) log.output('stdout', Buffer.from(`line ${at}\n`));
  const before = [...sent];
  log.close();
  return before;
}

test('a log whose runner was killed with its last part is its first part and the line that says so, and no door calls it whole', async () => {
  await using world = await openWorld();
  const id = await run(world);
  await begin(world, id);
  for (const lines of sentBeforeItsEnd()) await write(world, id, lines);
  await end(world, id, [], 137);
  await world.records.transact(async (tx) => {
    const { end_record: _, ...execution } = (await tx.get(executionRef(id)))!;
    tx.set(executionRef(id), execution);
  });
  world.clock.advance(SETTLE_MS);

  const get = (path: string) => world.call('GET', `/api/v1/executions/${id}${path}`);
  const text = await get('/logs.txt');
  const lines = text.payload.trimEnd().split('\n');
  const notice = lines.pop();
  expect(notice).toContain(`of what follows only the last ${LIMIT_BYTES / 2} bytes are kept, and shown at the end`);
  expect(lines).toEqual(Array.from(lines, (_, at) => `line ${at + 1}`));
  const firstPart = Buffer.byteLength(lines.join('\n'));
  expect([firstPart > LIMIT_BYTES / 2 - 20, firstPart <= LIMIT_BYTES / 2]).toEqual([true, true]);
  expect([text.headers['runvoy-log-completeness'], text.headers['runvoy-log-sha256']]).toEqual(['unproven', undefined]);
  expect((await get('/logs?after=0')).json<LogsBody>().completeness).toBe('unproven');
  expect((await get('/logs?tail=1')).json<LogsBody>().events).toMatchObject([{ message: notice }]);
  expect((await get('/logs/verify')).json<VerifyLogBody>().completeness).toBe('unproven');
  expect((await get('/status')).json<ExecutionStatusBody>().log).toMatchObject({
    completeness: 'unproven',
    lines: lines.length + 1,
  });
});
