import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ExecutionStatus } from '@runvoy/protocol';
import { executionRef, type Execution } from '../../src/executions/execution.ts';
import { listExecutions, type ExecutionFilter } from '../../src/executions/list-executions.ts';
import { newLabels } from '../../src/executions/labels.ts';
import { imageRef } from '../../src/images/image.ts';
import { registerImage } from '../../src/images/register-image.ts';
import { MemoryRecords } from '../memory-records.ts';
import { RunWorld, T0 } from '../run-world.ts';

const STATUSES: readonly ExecutionStatus[] = ['STARTING', 'RUNNING', 'TERMINATING', 'SUCCEEDED', 'FAILED', 'STOPPED'];
const USERS = ['ann@example.com', 'bob@example.com'];
const IMAGES = ['alpine:latest-00000001', 'alpine:latest-00000002', 'node:24-00000003'];
const PAIRS = ['env=prod', 'env=test', 'team=core'];

const run = fc.record({
  status: fc.constantFrom(...STATUSES),
  created_by: fc.constantFrom(...USERS),
  image_id: fc.constantFrom(...IMAGES),
  // Many runs at one moment: ids break ties.
  started_at_ms: fc.integer({ min: 0, max: 5 }),
  pairs: fc.uniqueArray(fc.constantFrom(...PAIRS)),
});
const filter: fc.Arbitrary<ExecutionFilter> = fc.record(
  {
    statuses: fc.uniqueArray(fc.constantFrom(...STATUSES), { maxLength: 3 }),
    image: fc.constantFrom('alpine', ...IMAGES, 'unknown:1-00000009'),
    labels: fc.uniqueArray(fc.constantFrom(...PAIRS), { minLength: 1 }),
    user: fc.constantFrom(...USERS, 'nobody@example.com'),
    sinceMs: fc.integer({ min: 0, max: 5 }),
    untilMs: fc.integer({ min: 0, max: 5 }),
  },
  { requiredKeys: [] },
);

/** What a list is, without any index. */
function matching(runs: readonly Execution[], asked: ExecutionFilter): string[] {
  const ids = asked.image === 'alpine' ? IMAGES.slice(0, 2) : [asked.image];
  return runs
    .filter(({ status }) => !asked.statuses || asked.statuses.includes(status))
    .filter(({ created_by }) => !asked.user || created_by === asked.user)
    .filter(({ image_id }) => !asked.image || ids.includes(image_id))
    .filter(({ label_pairs }) => (asked.labels ?? []).every((pair) => label_pairs?.includes(pair)))
    .filter(({ started_at_ms }) => started_at_ms >= (asked.sinceMs ?? 0) && started_at_ms <= (asked.untilMs ?? 9))
    .toSorted((a, b) => b.started_at_ms - a.started_at_ms || (a.execution_id < b.execution_id ? 1 : -1))
    .map(({ execution_id }) => execution_id);
}

async function everyPage(records: MemoryRecords, asked: ExecutionFilter, limit: number): Promise<string[]> {
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await listExecutions(records, asked, { limit, after });
    expect(page.executions.length).toBeLessThanOrEqual(limit);
    found.push(...page.executions.map(({ execution_id }) => execution_id));
    after = page.next;
  } while (after !== undefined);
  return found;
}

async function sample(): Promise<Execution> {
  const world = await RunWorld.open();
  return (await world.submit()).execution;
}

describe('a list of runs', () => {
  test('has, whatever is asked and in pages of whatever size, each match once, newest first', async () => {
    const base = await sample();
    await fc.assert(
      fc.asyncProperty(
        fc.array(run, { maxLength: 20 }),
        filter,
        fc.integer({ min: 1, max: 4 }),
        async (runs, asked, limit) => {
          const records = new MemoryRecords();
          for (const image_id of IMAGES) {
            const image = image_id.replace(/:latest-.*|-[0-9a-f]{8}$/, '');
            await records.create(imageRef(image_id), { ...SAMPLE_IMAGE, image_id, image });
          }
          const stored = runs.map(({ pairs, ...fields }, index): Execution => {
            const labels = Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
            return { ...base, ...fields, ...newLabels(labels), execution_id: index.toString(16).padStart(32, '0') };
          });
          for (const execution of stored) await records.create(executionRef(execution.execution_id), execution);
          const expected = matching(stored, asked);
          expect(await everyPage(records, asked, limit)).toEqual(expected);
          const all = await listExecutions(records, asked, { limit: undefined });
          expect(all.executions.map(({ execution_id }) => execution_id)).toEqual(expected);
          expect(all.next).toBeUndefined();
        },
      ),
    );
  });

  test('reads at most 2,000 runs for a page of a rare match, and goes on behind them with the next', async () => {
    const records = new MemoryRecords();
    const base = await sample();
    const id = (index: number) => index.toString(16).padStart(32, '0');
    await records.createMany(
      Array.from({ length: 2_500 }, (_, index) => ({
        ref: executionRef(id(index)),
        value: { ...base, execution_id: id(index), started_at_ms: index, ...newLabels({ env: 'prod' }) },
      })),
    );
    // The oldest run is the only one that failed.
    await records.transact(async (tx) =>
      tx.set(executionRef(id(0)), {
        ...base,
        execution_id: id(0),
        started_at_ms: 0,
        status: 'FAILED',
        ...newLabels({ env: 'prod' }),
      }),
    );
    const asked: ExecutionFilter = { statuses: ['FAILED'], labels: ['env=prod'] };
    records.reads = 0;
    const first = await listExecutions(records, asked, { limit: 10 });
    expect([first.executions.length, records.reads]).toEqual([0, 10]);
    const second = await listExecutions(records, asked, { limit: 10, after: first.next });
    expect(second.executions.map(({ execution_id }) => execution_id)).toEqual([id(0)]);
    expect(second.next).toBeUndefined();
  });

  test('asks the index of what is under way for whoever has runs under way', async () => {
    const world = await RunWorld.open();
    await world.submit();
    world.records.reads = 0;
    const asked: ExecutionFilter = { statuses: ['RUNNING', 'STARTING'], user: 'admin@example.com' };
    expect((await listExecutions(world.records, asked, { limit: 10 })).executions).toHaveLength(1);
    expect(world.records.reads).toBe(1);
  });

  test('takes an image by reference as every registration of it', async () => {
    const world = await RunWorld.open();
    const by = { email: 'admin@example.com', requestId: 'r' };
    await registerImage(world, { image: 'docker.io/library/busybox:1' }, by);
    const { execution } = await world.submit({ image: 'library/busybox:1', isolation: 'process' });
    world.clock.advance(1);
    await world.submit();
    for (const image of ['library/busybox:1', 'docker.io/library/busybox:1', execution.image_id]) {
      const { executions } = await listExecutions(world.records, { image }, { limit: undefined });
      expect(executions.map(({ execution_id }) => execution_id)).toEqual([execution.execution_id]);
    }
  });
});

const SAMPLE_IMAGE = {
  cpu: 256,
  memory_mib: 512,
  runtime_platform: 'Linux/X86_64',
  created_by: 'admin@example.com',
  owned_by: ['admin@example.com'],
  created_at_ms: T0,
  created_by_request_id: 'r',
  modified_by_request_id: 'r',
};
