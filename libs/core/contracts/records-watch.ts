import { expect, test } from '@jest/globals';
import {
  chunk,
  chunksInOrder,
  run,
  runsByStatus,
  runsWithLabel,
  undeclaredQuery,
  user,
  usersByEmail,
} from './sample-records.ts';
import type { OpenRecords, SampleChunk, SampleRun, SampleUser } from './sample-records.ts';
import { watchRecorder } from './watch-recorder.ts';

/** Watchers may be told a thing twice and several things at once: the tests look at what a watcher would show. */
export function recordsWatchContract(
  open: OpenRecords,
  { tellsInCommitOrder = true }: { readonly tellsInCommitOrder?: boolean } = {},
): void {
  test('a watch begins with the record as it is', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    const seen = watchRecorder<SampleUser>();
    const end = records.watch(user('a'), seen);
    await seen.until(({ calls }) => calls.length > 0);
    expect(seen.calls[0]).toEqual([{ kind: 'present', id: 'a', value: { email: 'a' } }]);
    end();
  });

  test('a watch of a missing record begins with nothing and shows it when it comes', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleUser>();
    const end = records.watch(user('a'), seen);
    await seen.until(({ calls }) => calls.length > 0);
    expect(seen.calls[0]).toEqual([]);
    await records.create(user('a'), { email: 'a' });
    await seen.until(({ view }) => view.get('a')?.email === 'a');
    end();
  });

  test('a watch shows every kind of change, and the end of the record', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleUser>();
    const end = records.watch(user('a'), seen);
    await records.create(user('a'), { email: 'created' });
    await seen.until(({ view }) => view.get('a')?.email === 'created');
    await records.compareAndSet(user('a'), (await records.get(user('a')))!.version, { email: 'swapped' });
    await seen.until(({ view }) => view.get('a')?.email === 'swapped');
    await records.transact(async (tx) => tx.set(user('a'), { email: 'set' }));
    await seen.until(({ view }) => view.get('a')?.email === 'set');
    await records.delete(user('a'));
    await seen.until(({ view }) => !view.has('a'));
    expect(seen.calls.at(-1)).toContainEqual({ kind: 'gone', id: 'a' });
    end();
  });

  test('a watch of a query begins with the whole result in order', async () => {
    await using records = await open();
    await records.createMany(['c', 'a', 'b'].map((email) => ({ ref: user(email), value: { email } })));
    const seen = watchRecorder<SampleUser>();
    const end = records.watchQuery(usersByEmail, {}, seen);
    await seen.until(({ calls }) => calls.length > 0);
    expect(seen.calls[0]?.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    end();
  });

  test('a watch of a query is told of its own records only', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleChunk>();
    const end = records.watchQuery(chunksInOrder, { equal: { execution_id: 'mine' } }, seen);
    await records.create(chunk('other'), { execution_id: 'other', through: 1 });
    await records.create(chunk('mine'), { execution_id: 'mine', through: 1, body: Uint8Array.of(1, 2) });
    await seen.until(({ view }) => view.size > 0);
    expect([...seen.view.keys()]).toEqual(['mine']);
    expect([...seen.view.get('mine')!.body!]).toEqual([1, 2]);
    end();
  });

  test('the versions of one record arrive in the order they were committed, the last one always', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleChunk>();
    const end = records.watchQuery(chunksInOrder, { equal: { execution_id: 'e' }, after: 0 }, seen);
    await records.create(chunk('c'), { execution_id: 'e', through: 1 });
    for (let through = 2; through <= 20; through++) {
      await records.transact(async (tx) => tx.set(chunk('c'), { execution_id: 'e', through }));
    }
    await seen.until(({ view }) => view.get('c')?.through === 20);
    const told = seen.calls.flat().map((change) => (change.kind === 'present' ? change.value.through : 0));
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    end();
  });

  const inOrder = tellsInCommitOrder ? 'in the order they were committed' : 'every one, in whatever order';
  test(`changes of different records arrive ${inOrder}`, async () => {
    await using records = await open();
    const seen = watchRecorder<SampleChunk>();
    const end = records.watchQuery(chunksInOrder, { equal: { execution_id: 'e' }, after: 0 }, seen);
    for (let through = 1; through <= 20; through++) {
      await records.create(chunk(`c${through}`), { execution_id: 'e', through });
    }
    await seen.until(({ view }) => view.size === 20);
    const told = [...new Set(seen.calls.flat().map(({ id }) => id))];
    const committed = Array.from({ length: 20 }, (_, index) => `c${index + 1}`);
    if (tellsInCommitOrder) expect(told).toEqual(committed);
    else expect(told.toSorted()).toEqual(committed.toSorted());
    end();
  });

  test('bounds hold for what comes later too', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleChunk>();
    const end = records.watchQuery(chunksInOrder, { equal: { execution_id: 'e' }, after: 5, to: 7 }, seen);
    for (const through of [4, 5, 8, 6, 7]) {
      await records.create(chunk(`c${through}`), { execution_id: 'e', through });
    }
    await seen.until(({ view }) => view.has('c7'));
    expect([...seen.view.keys()]).toEqual(['c6', 'c7']);
    end();
  });

  test('a record that no longer matches is gone, one that begins to match is present', async () => {
    await using records = await open();
    await records.create(run('a'), { status: 'RUNNING', started_at_ms: 1 });
    const seen = watchRecorder<SampleRun>();
    const end = records.watchQuery(runsByStatus, { oneOf: ['RUNNING', 'STARTING'] }, seen);
    await seen.until(({ view }) => view.has('a'));
    await records.transact(async (tx) => tx.set(run('a'), { status: 'STARTING', started_at_ms: 1 }));
    await seen.until(({ view }) => view.get('a')?.status === 'STARTING');
    await records.transact(async (tx) => tx.set(run('a'), { status: 'FAILED', started_at_ms: 1 }));
    await seen.until(({ view }) => !view.has('a'));
    await records.transact(async (tx) => tx.set(run('a'), { status: 'RUNNING', started_at_ms: 1 }));
    await seen.until(({ view }) => view.has('a'));
    end();
  });

  test('a record whose list loses the item is gone, and comes with it again', async () => {
    await using records = await open();
    const labelled = (...label_pairs: string[]) => ({ started_at_ms: 1, label_pairs });
    await records.create(run('a'), labelled('env=prod', 'team=core'));
    const seen = watchRecorder<SampleRun>();
    const end = records.watchQuery(runsWithLabel, { equal: { label_pairs: 'env=prod' } }, seen);
    await seen.until(({ view }) => view.has('a'));
    await records.transact(async (tx) => tx.set(run('a'), labelled('team=core')));
    await seen.until(({ view }) => !view.has('a'));
    await records.transact(async (tx) => tx.set(run('a'), labelled('team=core', 'env=prod')));
    await seen.until(({ view }) => view.has('a'));
    end();
  });

  test('a transaction that failed is not shown', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleUser>();
    const end = records.watchQuery(usersByEmail, {}, seen);
    await records.create(user('taken'), { email: 'taken' });
    const failing = records.transact(async (tx) => {
      tx.set(user('phantom'), { email: 'phantom' });
      tx.create(user('taken'), { email: 'again' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
    await records.create(user('last'), { email: 'last' });
    await seen.until(({ view }) => view.has('last'));
    expect(seen.calls.flat().map(({ id }) => id)).not.toContain('phantom');
    end();
  });

  test('nothing is delivered after the end of a watch, not even the first result', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    const [ended, endedAtOnce, other] = [
      watchRecorder<SampleUser>(),
      watchRecorder<SampleUser>(),
      watchRecorder<SampleUser>(),
    ];
    const end = records.watchQuery(usersByEmail, {}, ended);
    const endOther = records.watchQuery(usersByEmail, {}, other);
    records.watchQuery(usersByEmail, {}, endedAtOnce)();
    await ended.until(({ view }) => view.has('a'));
    end();
    end();
    const callsBefore = ended.calls.length;
    await records.create(user('b'), { email: 'b' });
    await other.until(({ view }) => view.has('b'));
    expect(ended.calls).toHaveLength(callsBefore);
    expect(endedAtOnce.calls).toHaveLength(0);
    endOther();
  });

  test('a watcher that throws harms neither the writer nor other watchers', async () => {
    await using records = await open();
    const seen = watchRecorder<SampleUser>();
    const endThrowing = records.watchQuery(
      usersByEmail,
      {},
      {
        changed: () => {
          throw new Error('the watcher broke');
        },
        failed: () => {
          throw new Error('and broke again');
        },
      },
    );
    const end = records.watchQuery(usersByEmail, {}, seen);
    await records.create(user('a'), { email: 'a' });
    await seen.until(({ view }) => view.has('a'));
    endThrowing();
    end();
  });

  test('each watcher gets values of its own', async () => {
    await using records = await open();
    const [first, second] = [watchRecorder<SampleUser>(), watchRecorder<SampleUser>()];
    const ends = [records.watch(user('a'), first), records.watch(user('a'), second)];
    await records.create(user('a'), { email: 'a' });
    await Promise.all([first, second].map((seen) => seen.until(({ view }) => view.has('a'))));
    expect(first.view.get('a')).not.toBe(second.view.get('a'));
    for (const end of ends) end();
  });

  test('watching what is not declared is refused at once', async () => {
    await using records = await open();
    expect(() => records.watchQuery({ name: undeclaredQuery }, {}, watchRecorder())).toThrow(
      expect.objectContaining({ code: 'RECORDS_MISUSED' }),
    );
  });
}
