import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IndexableValue, QueryArgs, Records } from '../src/records/records.ts';
import { ModelRecords } from './model-records.ts';
import { ids, newestRuns, run, runsByStatus, runsOfUser } from './sample-records.ts';
import type { OpenRecords, SampleRun } from './sample-records.ts';

const QUERIES_TRIED = { newestRuns, runsByStatus, runsOfUser };

type Step =
  | { readonly act: 'create' | 'set' | 'swap'; readonly id: string; readonly value: SampleRun }
  | { readonly act: 'delete'; readonly id: string }
  | { readonly act: 'batch'; readonly ids: readonly string[]; readonly value: SampleRun }
  | { readonly act: 'read'; readonly query: keyof typeof QUERIES_TRIED; readonly args: QueryArgs };

/** Random histories give the same answers as the model. `histories` is how many are tried. */
export function recordsHistoryContract(open: OpenRecords, { histories }: { readonly histories: number }): void {
  test('any history of writes and reads gives the answers of the model', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (history) => {
        await using records = await open();
        const model = new ModelRecords();
        for (const next of history) await take(next, records, model);
        expect(await everything(records)).toEqual(
          model.find('executionsNewestFirst', {}).map(({ id, value }) => ({ id, value })),
        );
      }),
      { numRuns: histories },
    );
  });
}

// Few ids and few values: histories must meet themselves.
const id = fc.constantFrom('a', 'b', 'c', 'aa', 'A', '\u00e9', '\u{1f600}');
const indexed: fc.Arbitrary<IndexableValue> = fc.constantFrom(
  null,
  false,
  true,
  -1,
  0,
  0.5,
  1,
  '',
  'a',
  'b\u0000',
  '\uffee',
  '\u{1f600}',
);
const value: fc.Arbitrary<SampleRun> = fc
  .record(
    {
      started_at_ms: indexed,
      status: indexed,
      created_by: fc.constantFrom('ann', 'bob', null),
      note: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  )
  .map(({ note, ...fields }) => (Array.isArray(note) || note === undefined ? fields : { ...fields, note: tidy(note) }));

/** Property names that Firestore reserves, and the negative zero that JSON does not know, are no part of this test. */
function tidy(note: unknown): unknown {
  const text = JSON.stringify(note).replaceAll('"":', '"e":').replaceAll('"__proto__":', '"p":');
  return JSON.parse(text);
}

const bounds = fc.record({ from: indexed, to: indexed }, { requiredKeys: [] });
const limit = fc.integer({ min: 1, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constantFrom('create', 'set', 'swap'), id, value }),
  fc.record({ act: fc.constant('delete'), id }),
  fc.record({ act: fc.constant('batch'), ids: fc.array(id, { maxLength: 4 }), value }),
  fc.record({
    act: fc.constant('read'),
    query: fc.constant('newestRuns'),
    args: fc.record({ limit, bounds }).map(({ limit: size, bounds: range }) => ({ limit: size, ...range })),
  }),
  fc.record({
    act: fc.constant('read'),
    query: fc.constant('runsByStatus'),
    args: fc.record({ limit, oneOf: fc.array(indexed, { minLength: 1, maxLength: 5 }) }),
  }),
  fc.record({
    act: fc.constant('read'),
    query: fc.constant('runsOfUser'),
    args: fc.record({ limit, equal: fc.record({ created_by: fc.constantFrom('ann', 'bob', null) }), after: indexed }),
  }),
);

async function take(next: Step, records: Records, model: ModelRecords): Promise<void> {
  switch (next.act) {
    case 'create': {
      const created = await records.create(run(next.id), next.value).then(
        () => true,
        (error: { code?: string }) => {
          expect(error.code).toBe('RECORD_EXISTS');
          return false;
        },
      );
      expect(created).toBe(model.create('executions', next.id, next.value));
      return;
    }
    case 'set':
      await records.transact(async (tx) => tx.set(run(next.id), next.value));
      model.set('executions', next.id, next.value);
      return;
    case 'swap': {
      const stored = await records.get(run(next.id));
      expect(stored?.value).toEqual(model.get('executions', next.id)?.value);
      if (!stored) return;
      expect(await records.compareAndSet(run(next.id), stored.version, next.value)).toBe(true);
      expect(await records.compareAndSet(run(next.id), stored.version, {})).toBe(false);
      model.set('executions', next.id, next.value);
      return;
    }
    case 'delete':
      await records.delete(run(next.id));
      model.delete('executions', next.id);
      return;
    case 'batch': {
      const entries = next.ids.map((each) => ({ ref: run(each), value: next.value }));
      const expected = next.ids.map((each) => (model.create('executions', each, next.value) ? 'created' : 'exists'));
      expect(await records.createMany(entries)).toEqual(expected);
      return;
    }
    case 'read': {
      const query = QUERIES_TRIED[next.query];
      const found: string[] = [];
      for (let page = await records.page(query, next.args); ; page = await records.page(query, next.args, page.next)) {
        found.push(...ids(page));
        if (page.next === undefined) break;
      }
      expect(found).toEqual(model.find(query.name, next.args).map((record) => record.id));
      expect(await records.count(query, next.args)).toBe(found.length);
    }
  }
}

async function everything(records: Records): Promise<{ id: string; value: object }[]> {
  const { records: found } = await records.page(newestRuns, { limit: 1_000 });
  return found.map(({ id: each, value: stored }) => ({ id: each, value: stored }));
}
