import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IndexableValue, QueryArgs, Records, Tx } from '../src/records/records.ts';
import {
  chunk,
  chunksInOrder,
  claim,
  newestRuns,
  run,
  runsByStatus,
  runsOfUser,
  runsWithLabel,
  unfinishedRuns,
} from './sample-records.ts';
import type { OpenRecords, SampleRun } from './sample-records.ts';

const QUERIES = { newestRuns, runsByStatus, runsOfUser, runsWithLabel, unfinishedRuns };

interface Asked {
  readonly query: keyof typeof QUERIES;
  readonly args: QueryArgs;
}

type Step =
  | { readonly act: 'create' | 'swap' | 'swap-stale'; readonly id: string; readonly value: unknown }
  | { readonly act: 'delete' | 'get'; readonly id: string }
  | { readonly act: 'batch'; readonly ids: readonly string[]; readonly value: unknown }
  | ({ readonly act: 'page' | 'count' } & Asked)
  /** The next page of the query that was asked last, whatever has changed since. */
  | { readonly act: 'next-page'; readonly limit: number }
  | {
      readonly act: 'transact';
      readonly reads: readonly string[];
      readonly asked: Asked;
      readonly writes: readonly Write[];
    }
  | { readonly act: 'chunk'; readonly through: number; readonly bytes: readonly number[] }
  | { readonly act: 'claim'; readonly expires: unknown };

type Write = {
  readonly act: 'create' | 'set' | 'delete' | 'throw' | 'read';
  readonly id: string;
  readonly value: unknown;
};

/** Random histories, also of what is refused, have the same answers in two stores. `histories` is how many are tried. */
export function recordsDifferenceContract(
  openOne: OpenRecords,
  openOther: OpenRecords,
  { histories }: { readonly histories: number },
): void {
  test('any history has the same answers in both stores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (history) => {
        await using one = await openOne();
        await using other = await openOther();
        const [first, second] = [new Observer(one), new Observer(other)];
        for (const next of history) expect(await second.take(next)).toEqual(await first.take(next));
      }),
      { numRuns: histories },
    );
  });
}

/** Does a step and says what could be seen of it; a refusal is seen by its code. */
class Observer {
  readonly #records: Records;
  readonly #versions = new Map<string, string>();
  #changes = 0;
  #lastPage: (Asked & { readonly next: string }) | undefined;

  constructor(records: Records) {
    this.#records = records;
  }

  async take(step: Step): Promise<unknown> {
    try {
      return await this.#do(step);
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === undefined) throw error;
      return { refused: code };
    }
  }

  async #do(step: Step): Promise<unknown> {
    const records = this.#records;
    switch (step.act) {
      case 'create':
        return records.create(run(step.id), step.value as SampleRun);
      case 'get':
        return this.#get(step.id);
      case 'delete':
        return records.delete(run(step.id));
      case 'swap':
        await this.#get(step.id);
        return records.compareAndSet(run(step.id), this.#versions.get(step.id) ?? '', step.value as SampleRun);
      case 'swap-stale':
        return this.#swapStale(step.id, step.value as SampleRun);
      case 'batch':
        return records.createMany(step.ids.map((id) => ({ ref: run(id), value: step.value as SampleRun })));
      case 'page':
        return this.#page(step, undefined);
      case 'next-page':
        if (!this.#lastPage) return 'no page before';
        return this.#page(
          { query: this.#lastPage.query, args: { ...this.#lastPage.args, limit: step.limit } },
          this.#lastPage.next,
        );
      case 'count':
        return records.count(QUERIES[step.query], step.args);
      case 'transact':
        return records.transact((tx) => this.#transact(tx, step));
      case 'chunk':
        await records.create(chunk(`c${step.through}`), {
          execution_id: 'e',
          through: step.through,
          body: Uint8Array.from(step.bytes),
        });
        return (await records.page(chunksInOrder, { equal: { execution_id: 'e' }, limit: 5 })).records.map(
          ({ id, value }) => [id, { ...value, body: [...(value.body ?? [])] }],
        );
      case 'claim':
        await records.create(claim('c'), { delete_at_ms: step.expires as number });
        return (await records.get(claim('c')))?.value;
    }
  }

  async #get(id: string): Promise<unknown> {
    const stored = await this.#records.get(run(id));
    if (stored) this.#versions.set(id, stored.version);
    return stored?.value;
  }

  /** With a version that is certainly not the record's: the record has changed since it was read. */
  async #swapStale(id: string, value: SampleRun): Promise<unknown> {
    const stored = await this.#records.get(run(id));
    if (!stored) return 'nothing there';
    await this.#records.compareAndSet(run(id), stored.version, { note: `change ${++this.#changes}` });
    const isSwapped = await this.#records.compareAndSet(run(id), stored.version, value);
    await this.#records.delete(run(id));
    return isSwapped;
  }

  async #page({ query, args }: Asked, from: string | undefined): Promise<unknown> {
    const page = await this.#records.page<SampleRun>(QUERIES[query], args, from);
    this.#lastPage = page.next === undefined ? undefined : { query, args, next: page.next };
    return seen(page);
  }

  async #transact(tx: Tx, { reads, asked, writes }: Extract<Step, { act: 'transact' }>): Promise<unknown> {
    const found: unknown[] = [];
    for (const id of reads) found.push(await tx.get(run(id)));
    found.push(seen(await tx.page<SampleRun>(QUERIES[asked.query], asked.args)));
    for (const { act, id, value } of writes) {
      if (act === 'throw') throw Object.assign(new Error('aborted'), { code: 'THROWN' });
      if (act === 'read') found.push(await tx.get(run(id)));
      else if (act === 'delete') tx.delete(run(id));
      else tx[act](run(id), value as SampleRun);
    }
    return found;
  }
}

function seen({ records, next }: { records: readonly { id: string; value: object }[]; next?: string }): unknown {
  return { found: records.map(({ id, value }) => [id, value]), isLast: next === undefined };
}

// Few ids and few values: histories must meet themselves.
const id = fc.constantFrom('a', 'b', 'c', 'A', '\u{1f600}', '%2F', '..', 'a/b');
const INDEXED: readonly IndexableValue[] = [
  null,
  false,
  true,
  -1,
  0,
  0.5,
  1e21,
  Number.MAX_SAFE_INTEGER,
  '',
  'a',
  'a\u0000',
  '\uffee',
  '\u{1f600}',
];
const indexed = fc.constantFrom(...INDEXED);
const ODD: readonly unknown[] = [
  Number.NaN,
  -0,
  5e-324,
  -1.5e300,
  [[1]],
  [],
  {},
  undefined,
  [undefined],
  'x\ud800',
  { __x__: 1 },
  'x'.repeat(1_501),
];
const odd = fc.constantFrom(...ODD);
const anything = fc.oneof({ arbitrary: indexed, weight: 4 }, { arbitrary: odd, weight: 1 });
const value = fc.record(
  {
    started_at_ms: fc.oneof({ arbitrary: indexed, weight: 9 }, { arbitrary: odd, weight: 1 }),
    status: fc.constantFrom('RUNNING', 'FAILED', null, 1),
    created_by: fc.constantFrom('ann', 'bob', null),
    unfinished: fc.boolean(),
    label_pairs: fc.oneof(
      { arbitrary: fc.array(fc.constantFrom('a=1', 'a=2', 'b='), { maxLength: 3 }), weight: 9 },
      { arbitrary: odd, weight: 1 },
    ),
    note: fc.oneof(anything, fc.record({ inner: fc.array(fc.record({ deep: anything }), { maxLength: 2 }) })),
  },
  { requiredKeys: [] },
);
const limit = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 4 }), weight: 9 },
  { arbitrary: fc.constantFrom(0, 1_001), weight: 1 },
);
const bounds = fc.record({ from: indexed, after: indexed, to: indexed }, { requiredKeys: [] });
const asked: fc.Arbitrary<Asked> = fc
  .record({
    query: fc.constantFrom<Asked['query']>(
      'newestRuns',
      'runsByStatus',
      'runsOfUser',
      'runsWithLabel',
      'unfinishedRuns',
    ),
    limit,
    bounds: fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, { arbitrary: bounds, weight: 1 }),
    oneOf: fc.array(fc.constantFrom<IndexableValue>('RUNNING', 'FAILED', 'LOST', null, 1), { maxLength: 4 }),
    equal: indexed,
    owner: fc.constantFrom('ann', 'bob', null),
    pair: fc.constantFrom<IndexableValue>('a=1', 'a=2', 'b=', '', 1),
  })
  .map(({ query, limit: size, bounds: range, oneOf, equal, owner, pair }) => ({
    query,
    args: {
      limit: size,
      ...range,
      ...(query === 'runsByStatus' ? { oneOf } : {}),
      ...(query === 'runsOfUser' ? { equal: { created_by: owner } } : {}),
      ...(query === 'runsWithLabel' ? { equal: { label_pairs: pair } } : {}),
      ...(query === 'unfinishedRuns' ? { equal: { unfinished: equal } } : {}),
    },
  }));
const write: fc.Arbitrary<Write> = fc.record({
  act: fc.constantFrom<Write['act']>('create', 'set', 'set', 'delete', 'throw', 'read'),
  id,
  value,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constantFrom<'create' | 'swap' | 'swap-stale'>('create', 'create', 'swap', 'swap-stale'),
    id,
    value,
  }),
  fc.record({ act: fc.constantFrom<'delete' | 'get'>('delete', 'get'), id }),
  fc.record({ act: fc.constant<'batch'>('batch'), ids: fc.array(id, { maxLength: 4 }), value }),
  fc.tuple(fc.constantFrom<'page' | 'count'>('page', 'page', 'count'), asked).map(([act, rest]) => ({ act, ...rest })),
  fc.record({ act: fc.constant<'next-page'>('next-page'), limit }),
  fc.record({
    act: fc.constant<'transact'>('transact'),
    reads: fc.array(id, { maxLength: 2 }),
    asked,
    writes: fc.array(write, { maxLength: 3 }),
  }),
  fc.record({
    act: fc.constant<'chunk'>('chunk'),
    through: fc.integer({ min: 1, max: 9 }),
    bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }),
  }),
  fc.record({
    act: fc.constant<'claim'>('claim'),
    expires: fc.constantFrom(
      undefined,
      null,
      0,
      1_748_736_000_123,
      253_402_300_799_999,
      253_402_300_800_000,
      1.5,
      -1,
      'soon',
    ),
  }),
);
