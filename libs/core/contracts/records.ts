import { describe, expect, test } from '@jest/globals';
import type { StoreIsolation } from './interleaved.ts';
import { recordsAnomalyContract } from './records-anomalies.ts';
import { recordsQueryContract } from './records-queries.ts';
import { recordsTransactionContract } from './records-transactions.ts';
import { recordsWatchContract } from './records-watch.ts';
import { chunk, claim, ids, run, undeclaredCollection, user, usersByEmail } from './sample-records.ts';
import type { OpenRecords, SampleRun } from './sample-records.ts';

/** Where stores may differ within the promises of the port. */
export interface StoreTraits extends Partial<StoreIsolation> {
  /** Watches tell of different records in the order of their commits. Firestore's emulator, when it is busy, does not. */
  readonly tellsInCommitOrder?: boolean;
}

/** What every store of records promises. `open` answers an empty one each time. */
export function recordsContract(open: OpenRecords, traits: StoreTraits = {}): void {
  const isolation: StoreIsolation = { writesWaitForReaders: false, ...traits };
  describe('one record', () => singleRecordContract(open));
  describe('values', () => valueContract(open));
  describe('queries', () => recordsQueryContract(open));
  describe('transactions', () => recordsTransactionContract(open, isolation));
  describe('anomalies', () => recordsAnomalyContract(open, isolation));
  describe('watches', () => recordsWatchContract(open, traits));
  describe('expiry', () => expiryContract(open));
}

function singleRecordContract(open: OpenRecords): void {
  test('a record that was never written is not there', async () => {
    await using records = await open();
    expect(await records.get(run('a'))).toBeUndefined();
  });

  test('a created record reads back with its id and a version', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING' });
    expect(await records.get(run('a'))).toEqual({
      id: 'a',
      value: { status: 'RUNNING' },
      version: expect.any(String),
    });
  });

  test('of some fields of a record those that it has are read, and nothing else of it', async () => {
    await using records = await open();
    const body = new Uint8Array(1_000).fill(7);
    await records.create(chunk('a'), { execution_id: 'x', through: 3, body });
    await records.create(run('b'), { status: 'RUNNING', note: 'left out' });
    expect(await records.getFields(chunk('a'), ['execution_id', 'through'])).toEqual({ execution_id: 'x', through: 3 });
    expect(await records.getFields(chunk('a'), ['body'])).toEqual({ body });
    expect(await records.getFields(run('b'), ['status', 'created_by'])).toEqual({ status: 'RUNNING' });
    expect(await records.getFields(run('b'), ['created_by'])).toEqual({});
    expect(await records.getFields(run('a'), ['status'])).toBeUndefined();
  });

  test('fields of many records that are asked for at once are those of each', async () => {
    await using records = await open();
    for (const id of ['a', 'b', 'c']) await records.create(run(id), { status: id, created_by: `${id}@example.com` });
    const asked = ['a', 'none', 'b', 'b', 'c'].map((id) => records.getFields(run(id), ['status']));
    const other = records.getFields(run('c'), ['created_by']);
    expect(await Promise.all(asked)).toEqual([
      { status: 'a' },
      undefined,
      { status: 'b' },
      { status: 'b' },
      { status: 'c' },
    ]);
    expect(await other).toEqual({ created_by: 'c@example.com' });
  });

  test('a second create with the same id is refused and changes nothing', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING' });
    await expect(records.create(run('a'), { status: 'FAILED' })).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
    expect((await records.get(run('a')))?.value).toEqual({ status: 'RUNNING' });
  });

  test('of two creates at once with one id, one is refused', async () => {
    await using records = await open();
    const outcomes = await Promise.allSettled([
      records.create(run('a'), { status: 'RUNNING' }),
      records.create(run('a'), { status: 'RUNNING' }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('the same id in two collections names two records', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING' });
    await records.create(user('a'), { email: 'a@example.com' });
    expect((await records.get(run('a')))?.value).toEqual({ status: 'RUNNING' });
    expect((await records.get(user('a')))?.value).toEqual({ email: 'a@example.com' });
  });

  test('a batch of creates says for each whether it was created', async () => {
    await using records = await open();
    await records.create(run('b'), { status: 'RUNNING' });
    const outcomes = await records.createMany(['a', 'b', 'c'].map((id) => ({ ref: run(id), value: { status: id } })));
    expect(outcomes).toEqual(['created', 'exists', 'created']);
    expect((await records.get(run('b')))?.value).toEqual({ status: 'RUNNING' });
    expect((await records.get(run('c')))?.value).toEqual({ status: 'c' });
    expect(await records.createMany([])).toEqual([]);
  });

  test('compare-and-set replaces the record that was read, once', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING', note: 'old' });
    const { version } = (await records.get(run('a')))!;
    expect(await records.compareAndSet(run('a'), version, { status: 'FAILED' })).toBe(true);
    expect(await records.compareAndSet(run('a'), version, { status: 'STOPPED' })).toBe(false);
    expect((await records.get(run('a')))?.value).toEqual({ status: 'FAILED' });
  });

  test('of two compare-and-sets at once with one version, one replaces', async () => {
    await using records = await open();
    await records.create(run('a'), {});
    const { version } = (await records.get(run('a')))!;
    const replaced = await Promise.all([
      records.compareAndSet(run('a'), version, { status: 'FAILED' }),
      records.compareAndSet(run('a'), version, { status: 'STOPPED' }),
    ]);
    expect(replaced.filter(Boolean)).toHaveLength(1);
  });

  test('a record deleted and created again is not the one whose version was read', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING' });
    const { version } = (await records.get(run('a')))!;
    await records.delete(run('a'));
    expect(await records.compareAndSet(run('a'), version, { status: 'FAILED' })).toBe(false);
    await records.create(run('a'), { status: 'RUNNING' });
    expect(await records.compareAndSet(run('a'), version, { status: 'FAILED' })).toBe(false);
  });

  test('a deleted record is gone, and deleting it again is no error', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    await records.delete(user('a'));
    await records.delete(user('a'));
    expect(await records.get(user('a'))).toBeUndefined();
    expect(await records.count(usersByEmail, {})).toBe(0);
  });

  test.each(['', '.', '..', 'a/b', '__a__', 'x'.repeat(1501)])('the id %j is refused', async (id) => {
    await using records = await open();
    await expect(records.create(run(id), {})).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    await expect(records.get(run(id))).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    await expect(records.getFields(run(id), ['status'])).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('a collection that is not declared is refused', async () => {
    await using records = await open();
    const ref = { collection: undeclaredCollection, id: 'a' };
    await expect(records.get(ref)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    await expect(records.create(ref, {})).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    await expect(records.delete(ref)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });
}

function valueContract(open: OpenRecords): void {
  test('every JSON value reads back as it was written', async () => {
    await using records = await open();
    const note = {
      none: null,
      yes: true,
      whole: 42,
      negative: -1.5e-7,
      large: Number.MAX_SAFE_INTEGER,
      text: 'zero \u0000, quote ", emoji \u{1f600}, last \uffff',
      list: [1, 'two', null, { three: 3 }],
      empty: {},
      nothing: [],
    };
    await records.create(run('a'), { note });
    expect((await records.get(run('a')))?.value).toEqual({ note });
  });

  test('a field that is undefined is not stored', async () => {
    await using records = await open();
    const value: object = { note: { kept: 1, dropped: undefined }, status: undefined };
    await records.create<SampleRun>(run('a'), value);
    expect(Object.keys((await records.get(run('a')))!.value)).toEqual(['note']);
    expect(JSON.stringify((await records.get(run('a')))!.value)).toBe('{"note":{"kept":1}}');
  });

  test('bytes in the declared field read back exactly', async () => {
    await using records = await open();
    const body = Uint8Array.from({ length: 100 * 1024 }, (_, index) => (index * 7) % 256);
    await records.create(chunk('a'), { execution_id: 'e', through: 1, body });
    const { value } = (await records.get(chunk('a')))!;
    expect(Buffer.compare(value.body!, body)).toBe(0);
    expect(value).toMatchObject({ execution_id: 'e', through: 1 });
  });

  test('a record without its bytes field has none when read', async () => {
    await using records = await open();
    await records.create(chunk('a'), { execution_id: 'e', through: 1 });
    expect((await records.get(chunk('a')))?.value).toEqual({ execution_id: 'e', through: 1 });
  });

  test('what a reader does to a value changes nothing stored', async () => {
    await using records = await open();
    await records.create(run('a'), { note: { inner: 1 } });
    const first = (await records.get(run('a')))!.value as { note: { inner: number } };
    first.note.inner = 2;
    expect((await records.get(run('a')))?.value).toEqual({ note: { inner: 1 } });
  });

  test('what a writer does to a value after writing it changes nothing stored', async () => {
    await using records = await open();
    const value = { note: { inner: 1 } };
    const written = records.create(run('a'), value);
    value.note.inner = 2;
    await written;
    expect((await records.get(run('a')))?.value).toEqual({ note: { inner: 1 } });
  });

  test('an unpaired surrogate reads back as the replacement character', async () => {
    await using records = await open();
    await records.create(run('a'), { note: 'x\ud800y' });
    expect((await records.get(run('a')))?.value).toEqual({ note: 'x\ufffdy' });
  });

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['bytes outside the declared field', Uint8Array.of(1)],
    ['an array inside an array', [[1]]],
    ['undefined in an array', [undefined]],
    ['a reserved field name', { __name__: 1 }],
    ['a nameless field', { '': 1 }],
    ['more than Firestore keeps', 'x'.repeat(1_048_577)],
  ])('a record that holds %s is refused', async (_, note) => {
    await using records = await open();
    await expect(records.create(run('a'), { note })).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    expect(await records.get(run('a'))).toBeUndefined();
  });

  test('a queried field that holds an object is refused', async () => {
    await using records = await open();
    const value: object = { email: { address: 'a' } };
    await expect(records.create(user('a'), value)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('something else than bytes in the bytes field is refused', async () => {
    await using records = await open();
    const value: object = { execution_id: 'e', through: 1, body: 'text' };
    await expect(records.create(chunk('a'), value as never)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });
}

function expiryContract(open: OpenRecords): void {
  test('what has not expired is never removed', async () => {
    await using records = await open();
    await records.create(claim('at-the-limit'), { delete_at_ms: 1_000 });
    await records.create(claim('later'), { delete_at_ms: 2_000 });
    await records.create(claim('never'), {});
    await records.removeExpired(1_000, 10);
    for (const id of ['at-the-limit', 'later', 'never']) expect(await records.get(claim(id))).toBeDefined();
  });

  test('removing says how many records it took, and took no more than the limit', async () => {
    await using records = await open();
    await records.createMany(['a', 'b', 'c'].map((id) => ({ ref: claim(id), value: { delete_at_ms: 1 } })));
    const removed = await records.removeExpired(1_000, 2);
    const left = (await Promise.all(['a', 'b', 'c'].map((id) => records.get(claim(id))))).filter(Boolean);
    // A store that expires records by itself answers 0 and may still hold them all.
    expect(removed).toBeLessThanOrEqual(2);
    expect(left.length).toBe(3 - removed);
  });

  test('an expiry that is not a number is refused', async () => {
    await using records = await open();
    const value: object = { delete_at_ms: 'tomorrow' };
    await expect(records.create(claim('a'), value)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('an expired record leaves no trace in other records', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    await records.removeExpired(Number.MAX_SAFE_INTEGER, 10);
    expect(ids(await records.page(usersByEmail, { limit: 10 }))).toEqual(['a']);
  });
}
