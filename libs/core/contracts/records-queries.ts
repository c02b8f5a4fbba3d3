import { expect, test } from '@jest/globals';
import type { DeclaredQuery, IndexableValue, QueryArgs, Records } from '../src/records/records.ts';
import {
  chunk,
  chunksBackwards,
  chunksInOrder,
  ids,
  newestRuns,
  run,
  runsByStatus,
  runsOfUser,
  runsWithLabel,
  undeclaredQuery,
  unfinishedRuns,
  user,
  usersByEmail,
} from './sample-records.ts';
import type { OpenRecords, SampleRun } from './sample-records.ts';

/** Values in the order every store keeps: null, booleans, numbers, strings by their UTF-8 bytes. */
const IN_ORDER: readonly IndexableValue[] = [
  null,
  false,
  true,
  -1e300,
  -2,
  -1.5,
  -5e-324,
  0,
  5e-324,
  1,
  1.5,
  10,
  1e300,
  '',
  '\u0000',
  '\u0000\u0000',
  '\u0000a',
  '10',
  'A',
  'a',
  'a\u0000',
  'a\u0001',
  'aa',
  'b',
  '\u00e9',
  // UTF-16 would put these two the other way round.
  '\uffee',
  '\u{1f600}',
];

export function recordsQueryContract(open: OpenRecords): void {
  test('results come in the declared order, across types and scripts', async () => {
    await using records = await open();
    const shuffled = IN_ORDER.map((email, index) => ({ ref: user(`u${index}`), value: { email } })).sort((a, b) =>
      a.ref.id < b.ref.id ? 1 : -1,
    );
    await records.createMany(shuffled);
    const { records: found } = await records.page(usersByEmail, { limit: 100 });
    expect(found.map(({ value }) => value.email)).toEqual(IN_ORDER);
  });

  test('a descending order is the exact reverse', async () => {
    await using records = await open();
    await records.createMany(
      IN_ORDER.map((started_at_ms, index) => ({ ref: run(`r${index}`), value: { started_at_ms } })),
    );
    const { records: found } = await records.page(newestRuns, { limit: 100 });
    expect(found.map(({ value }) => value.started_at_ms)).toEqual(IN_ORDER.toReversed());
  });

  test('ids break ties, in the direction of the last field', async () => {
    await using records = await open();
    const sameTime = (id: string) => ({ ref: run(id), value: { started_at_ms: 1, unfinished: true } });
    await records.createMany(['b', 'a', 'c'].map(sameTime));
    expect(ids(await records.page(newestRuns, { limit: 10 }))).toEqual(['c', 'b', 'a']);
    expect(ids(await records.page(unfinishedRuns, { equal: { unfinished: true }, limit: 10 }))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('a record without a field that the query looks at is not found by it', async () => {
    await using records = await open();
    await records.create(run('no-owner'), { started_at_ms: 1 });
    await records.create(run('no-time'), { created_by: 'ann' });
    await records.create(run('whole'), { created_by: 'ann', started_at_ms: 1 });
    await records.create(run('null-time'), { created_by: 'ann', started_at_ms: null });
    expect(ids(await records.page(runsOfUser, { equal: { created_by: 'ann' }, limit: 10 }))).toEqual([
      'whole',
      'null-time',
    ]);
  });

  test('equality compares type and value', async () => {
    await using records = await open();
    const owned = (id: string, created_by: IndexableValue) => ({
      ref: run(id),
      value: { created_by, started_at_ms: 1 },
    });
    await records.createMany([
      owned('text', '1'),
      owned('number', 1),
      owned('true', true),
      owned('null', null),
      owned('zero', 0),
    ]);
    const of = async (created_by: IndexableValue) =>
      ids(await records.page(runsOfUser, { equal: { created_by }, limit: 10 }));
    expect(await of('1')).toEqual(['text']);
    expect(await of(1)).toEqual(['number']);
    expect(await of(true)).toEqual(['true']);
    expect(await of(null)).toEqual(['null']);
    expect(await of(-0)).toEqual(['zero']);
    expect(await of('other')).toEqual([]);
  });

  test('a changed record moves in the results, a deleted one leaves them', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    await records.create(user('b'), { email: 'b' });
    const { version } = (await records.get(user('a')))!;
    await records.compareAndSet(user('a'), version, { email: 'z' });
    expect(ids(await records.page(usersByEmail, { limit: 10 }))).toEqual(['b', 'a']);
    await records.delete(user('b'));
    expect(ids(await records.page(usersByEmail, { limit: 10 }))).toEqual(['a']);
  });

  test.each([1, 2, 3, 7, 100])('pages of %i show every record once, in order', async (limit) => {
    await using records = await open();
    const wanted = Array.from({ length: 17 }, (_, index) => `r${String(index).padStart(2, '0')}`);
    // Only five different times, so that pages also end between records that tie.
    await records.createMany(wanted.map((id, index) => ({ ref: run(id), value: { started_at_ms: index % 5 } })));
    const paged = await everyPage(records, newestRuns, { limit });
    expect(paged).toEqual(ids(await records.page(newestRuns, { limit: 100 })));
    expect(paged.toSorted()).toEqual(wanted);
  });

  test('the last page says so, even when it is full', async () => {
    await using records = await open();
    await records.createMany(['a', 'b'].map((email) => ({ ref: user(email), value: { email } })));
    expect((await records.page(usersByEmail, { limit: 2 })).next).toBeUndefined();
    expect((await records.page(usersByEmail, { limit: 1 })).next).toEqual(expect.any(String));
    expect(await records.page(usersByEmail, { limit: 2, from: 'x' })).toEqual({ records: [] });
  });

  test('a cursor keeps its place while records come and go around it', async () => {
    await using records = await open();
    await records.createMany(['b', 'd', 'f'].map((email) => ({ ref: user(email), value: { email } })));
    const first = await records.page(usersByEmail, { limit: 2 });
    await records.create(user('a'), { email: 'a' });
    await records.create(user('c'), { email: 'c' });
    await records.create(user('e'), { email: 'e' });
    await records.delete(user('d'));
    expect(ids(first)).toEqual(['b', 'd']);
    expect(ids(await records.page(usersByEmail, { limit: 10 }, first.next))).toEqual(['e', 'f']);
  });

  test('a cursor serves pages of another size', async () => {
    await using records = await open();
    await records.createMany(['a', 'b', 'c', 'd'].map((email) => ({ ref: user(email), value: { email } })));
    const first = await records.page(usersByEmail, { limit: 1 });
    expect(ids(await records.page(usersByEmail, { limit: 2 }, first.next))).toEqual(['b', 'c']);
  });

  test('a cursor of another query, of other arguments or of nobody is refused', async () => {
    await using records = await open();
    await records.createMany(
      ['a', 'b'].map((id) => ({ ref: run(id), value: { started_at_ms: 1, created_by: 'ann', unfinished: true } })),
    );
    const { next } = await records.page(runsOfUser, { equal: { created_by: 'ann' }, limit: 1 });
    const refused = { code: 'INVALID_REQUEST' };
    await expect(records.page(newestRuns, { limit: 1 }, next)).rejects.toMatchObject(refused);
    await expect(records.page(runsOfUser, { equal: { created_by: 'bob' }, limit: 1 }, next)).rejects.toMatchObject(
      refused,
    );
    for (const forged of ['', 'x', 'not a cursor', `${next}x`.replace(/^./, '-')]) {
      await expect(records.page(runsOfUser, { equal: { created_by: 'ann' }, limit: 1 }, forged)).rejects.toMatchObject(
        refused,
      );
    }
  });

  test('several values of a field come merged in the order of the query', async () => {
    await using records = await open();
    const states = ['STARTING', 'RUNNING', 'FAILED'];
    await records.createMany(
      Array.from({ length: 30 }, (_, index) => ({
        ref: run(`r${String(index).padStart(2, '0')}`),
        value: { status: states[(index * 7) % 3] as string, started_at_ms: Math.floor(index / 2) },
      })),
    );
    const all = (await records.page(newestRuns, { limit: 100 })).records.filter(
      ({ value }) => value.status !== 'RUNNING',
    );
    const args: QueryArgs = { oneOf: ['STARTING', 'FAILED', 'STARTING', 'UNKNOWN'], limit: 100 };
    expect(ids(await records.page(runsByStatus, args))).toEqual(all.map(({ id }) => id));
    expect(await everyPage(records, runsByStatus, { ...args, limit: 4 })).toEqual(all.map(({ id }) => id));
    expect(await records.count(runsByStatus, args)).toBe(all.length);
  });

  test('one item of a list finds the records that hold it, each once, in the order of the query', async () => {
    await using records = await open();
    const labelled = (id: string, started_at_ms: number, ...label_pairs: string[]) => ({
      ref: run(id),
      value: { started_at_ms, label_pairs },
    });
    await records.createMany([
      labelled('a', 1, 'env=prod', 'team=core'),
      labelled('b', 2, 'env=test'),
      labelled('c', 3, 'team=core', 'env=prod', 'env=prod'),
      labelled('d', 4),
      labelled('e', 5, 'env=prod'),
      { ref: run('f'), value: { started_at_ms: 6 } },
    ]);
    const args = { equal: { label_pairs: 'env=prod' }, limit: 10 };
    expect(ids(await records.page(runsWithLabel, args))).toEqual(['e', 'c', 'a']);
    expect(await everyPage(records, runsWithLabel, { ...args, limit: 1 })).toEqual(['e', 'c', 'a']);
    expect(ids(await records.page(runsWithLabel, { ...args, from: 4, to: 2 }))).toEqual(['c']);
    expect(await records.count(runsWithLabel, args)).toBe(3);
    expect(ids(await records.page(runsWithLabel, { ...args, equal: { label_pairs: 'env=pro' } }))).toEqual([]);
    await records.transact(async (tx) => tx.set(run('c'), { started_at_ms: 3, label_pairs: ['team=core'] }));
    await records.delete(run('e'));
    expect(ids(await records.page(runsWithLabel, args))).toEqual(['a']);
    expect(ids(await records.page(runsWithLabel, { ...args, equal: { label_pairs: 'team=core' } }))).toEqual([
      'c',
      'a',
    ]);
  });

  test.each<[string, unknown]>([
    ['text that is no list', 'env=prod'],
    ['a number in it', ['env=prod', 1]],
    ['an item that no index takes', ['x'.repeat(1_501)]],
  ])('a list that is asked is not stored with %s', async (_, label_pairs) => {
    await using records = await open();
    const value = { started_at_ms: 1, label_pairs: label_pairs as string[] };
    await expect(records.create(run('a'), value)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('bounds follow the direction of the order', async () => {
    await using records = await open();
    await records.createMany(
      [1, 2, 3, 4, 5].map((through) => ({ ref: chunk(`c${through}`), value: { execution_id: 'e', through } })),
    );
    const equal = { execution_id: 'e' };
    const up = async (bounds: object) => ids(await records.page(chunksInOrder, { equal, limit: 10, ...bounds }));
    const down = async (bounds: object) => ids(await records.page(chunksBackwards, { equal, limit: 10, ...bounds }));
    expect(await up({ from: 3 })).toEqual(['c3', 'c4', 'c5']);
    expect(await up({ after: 3 })).toEqual(['c4', 'c5']);
    expect(await up({ after: 2.5, to: 4 })).toEqual(['c3', 'c4']);
    expect(await up({ to: 0 })).toEqual([]);
    expect(await down({ from: 3 })).toEqual(['c3', 'c2', 'c1']);
    expect(await down({ after: 3 })).toEqual(['c2', 'c1']);
    expect(await down({ from: 4, to: 3 })).toEqual(['c4', 'c3']);
  });

  test('a bound takes in or leaves out all records that tie with it', async () => {
    await using records = await open();
    const tied = (id: string, started_at_ms: number) => ({ ref: run(id), value: { started_at_ms } });
    await records.createMany([tied('a', 1), tied('b', 2), tied('c', 2), tied('d', 3)]);
    expect(ids(await records.page(newestRuns, { from: 2, limit: 10 }))).toEqual(['c', 'b', 'a']);
    expect(ids(await records.page(newestRuns, { after: 2, limit: 10 }))).toEqual(['a']);
    expect(ids(await records.page(newestRuns, { to: 2, limit: 10 }))).toEqual(['d', 'c', 'b']);
    expect(await everyPage(records, newestRuns, { from: 2, to: 2, limit: 1 })).toEqual(['c', 'b']);
  });

  test('counting agrees with reading, within bounds too', async () => {
    await using records = await open();
    await records.createMany(IN_ORDER.map((email, index) => ({ ref: user(`u${index}`), value: { email } })));
    expect(await records.count(usersByEmail, {})).toBe(IN_ORDER.length);
    expect(await records.count(usersByEmail, { from: 'a', to: 'b' })).toBe(
      (await records.page(usersByEmail, { from: 'a', to: 'b', limit: 100 })).records.length,
    );
  });

  test.each<[string, DeclaredQuery<object>, QueryArgs]>([
    ['a query that is not declared', { name: undeclaredQuery }, { limit: 1 }],
    ['a missing comparison', runsOfUser, { limit: 1 }],
    ['a comparison too many', usersByEmail, { equal: { email: 'a' }, limit: 1 }],
    ['no value for the field with several', runsByStatus, { limit: 1 }],
    ['an empty list of values', runsByStatus, { oneOf: [], limit: 1 }],
    ['more values than Firestore takes', runsByStatus, { oneOf: Array.from({ length: 31 }, (_, i) => i), limit: 1 }],
    ['several values where none are declared', usersByEmail, { oneOf: ['a'], limit: 1 }],
    ['no item for a list', runsWithLabel, { limit: 1 }],
    ['an item that is no text', runsWithLabel, { equal: { label_pairs: 1 }, limit: 1 }],
    ['two beginnings', usersByEmail, { from: 'a', after: 'a', limit: 1 }],
    ['a value without an order', usersByEmail, { from: Number.NaN, limit: 1 }],
    ['a page of none', usersByEmail, { limit: 0 }],
    ['a page of too many', usersByEmail, { limit: 1001 }],
    ['a page of a part', usersByEmail, { limit: 1.5 }],
  ])('%s is refused', async (_, query, args) => {
    await using records = await open();
    await expect(records.page(query, args)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });
}

async function everyPage(records: Records, query: DeclaredQuery<SampleRun>, args: QueryArgs): Promise<string[]> {
  const found: string[] = [];
  let page = await records.page(query, args);
  for (;;) {
    found.push(...ids(page));
    expect(page.records.length).toBeLessThanOrEqual(args.limit);
    if (page.next === undefined) return found;
    page = await records.page(query, args, page.next);
  }
}
