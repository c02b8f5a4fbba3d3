import { expect, test } from '@jest/globals';
import type { Records, Tx } from '../src/records/records.ts';
import { gate } from './gate.ts';
import { interleaved } from './interleaved.ts';
import type { StoreIsolation } from './interleaved.ts';
import { ids, run, undeclaredQuery, user, usersByEmail } from './sample-records.ts';
import type { OpenRecords } from './sample-records.ts';

export function recordsTransactionContract(open: OpenRecords, isolation: StoreIsolation): void {
  test('a transaction answers what its function returned, and its writes are stored', async () => {
    await using records = await open();
    await records.create(user('old'), { email: 'old' });
    const answer = await records.transact(async (tx) => {
      const old = await tx.get(user('old'));
      tx.create(user('new'), { email: `${old?.email}+` });
      tx.set(user('set'), { email: 'set' });
      tx.delete(user('old'));
      return 'done';
    });
    expect(answer).toBe('done');
    expect(ids(await records.page(usersByEmail, { limit: 10 }))).toEqual(['new', 'set']);
  });

  test('a throw aborts the transaction and is passed on', async () => {
    await using records = await open();
    const refusal = new Error('no');
    const transaction = records.transact(async (tx) => {
      tx.create(user('a'), {});
      throw refusal;
    });
    await expect(transaction).rejects.toBe(refusal);
    expect(await records.get(user('a'))).toBeUndefined();
  });

  test('a create of a taken id aborts everything in the transaction', async () => {
    await using records = await open();
    await records.create(user('taken'), { email: 'first' });
    const transaction = records.transact(async (tx) => {
      tx.set(user('other'), {});
      tx.create(user('taken'), { email: 'second' });
    });
    await expect(transaction).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
    expect(await records.get(user('other'))).toBeUndefined();
    expect((await records.get(user('taken')))?.value).toEqual({ email: 'first' });
  });

  test('a second create of one id in a transaction aborts everything in it', async () => {
    await using records = await open();
    const transaction = records.transact(async (tx) => {
      tx.set(user('other'), {});
      tx.create(user('a'), { email: 'first' });
      tx.create(user('a'), { email: 'second' });
    });
    await expect(transaction).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
    expect(await records.get(user('other'))).toBeUndefined();
    expect(await records.get(user('a'))).toBeUndefined();
  });

  test('writes of one transaction apply in the order they were made', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'old' });
    await records.transact(async (tx) => {
      tx.delete(user('a'));
      tx.create(user('a'), { email: 'new' });
      tx.set(user('b'), { email: 'first' });
      tx.set(user('b'), { email: 'second' });
    });
    expect((await records.get(user('a')))?.value).toEqual({ email: 'new' });
    expect((await records.get(user('b')))?.value).toEqual({ email: 'second' });
  });

  test('a read after a write is refused', async () => {
    await using records = await open();
    const byId = records.transact(async (tx) => {
      tx.set(user('a'), {});
      await tx.get(user('b'));
    });
    await expect(byId).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    const byQuery = records.transact(async (tx) => {
      tx.set(user('a'), {});
      await tx.page(usersByEmail, { limit: 1 });
    });
    await expect(byQuery).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    expect(await records.get(user('a'))).toBeUndefined();
  });

  test('an undeclared query is refused in a transaction too', async () => {
    await using records = await open();
    const transaction = records.transact((tx) => tx.page({ name: undeclaredQuery }, { limit: 1 }));
    await expect(transaction).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('what a transaction writes is seen by nobody before it commits', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 1 });
    const [written, go] = [gate(), gate()];
    const transaction = records.transact(async (tx) => {
      tx.set(user('a'), { credit: 2 });
      written.open();
      await go.opened;
    });
    await written.opened;
    expect((await records.get(user('a')))?.value).toEqual({ credit: 1 });
    go.open();
    await transaction;
    expect((await records.get(user('a')))?.value).toEqual({ credit: 2 });
  });

  test('ten increments at once all count', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 0 });
    await Promise.all(Array.from({ length: 10 }, () => records.transact((tx) => addCredit(tx, 'a', 1))));
    expect((await records.get(user('a')))?.value).toEqual({ credit: 10 });
  });

  test('ten creations at once of one missing record happen once', async () => {
    await using records = await open();
    const created = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        records.transact(async (tx) => {
          if (await tx.get(user('a'))) return false;
          tx.set(user('a'), { credit: index });
          return true;
        }),
      ),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
  });

  test('an update is not lost to one that committed in between', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 1 });
    await interleaved(
      { records, isolation },
      async (tx) => {
        const before = await tx.get(user('a'));
        return async () => tx.set(user('a'), { credit: before!.credit! + 10 });
      },
      () => records.transact((tx) => addCredit(tx, 'a', 100)),
    );
    expect((await records.get(user('a')))?.value).toEqual({ credit: 111 });
  });

  test('a transaction does not act on a record that was deleted in between', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 1 });
    const cameFirst = await interleaved(
      { records, isolation },
      async (tx) => {
        const read = await tx.get(user('a'));
        return async () => tx.set(user('b'), { credit: read ? 1 : 0 });
      },
      () => records.delete(user('a')),
    );
    expect((await records.get(user('b')))?.value).toEqual({ credit: cameFirst ? 0 : 1 });
  });

  test('two records read in one transaction are of one state', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 50 });
    await records.create(user('b'), { credit: 50 });
    let sum = 0;
    await interleaved(
      { records, isolation },
      async (tx) => {
        const first = (await tx.get(user('a')))!.credit!;
        return async () => {
          sum = first + (await tx.get(user('b')))!.credit!;
        };
      },
      () =>
        records.transact(async (tx) => {
          const [a, b] = [await tx.get(user('a')), await tx.get(user('b'))];
          tx.set(user('a'), { credit: a!.credit! - 20 });
          tx.set(user('b'), { credit: b!.credit! + 20 });
        }),
    );
    expect(sum).toBe(100);
  });

  test('a refusal that was judged by halves of two states is not passed on', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 50 });
    await records.create(user('b'), { credit: 50 });
    await interleaved(
      { records, isolation },
      async (tx) => {
        const first = (await tx.get(user('a')))!.credit!;
        return async () => {
          const sum = first + (await tx.get(user('b')))!.credit!;
          if (sum !== 100) throw new Error(`credit was lost: ${sum}`);
        };
      },
      () =>
        records.transact(async (tx) => {
          tx.set(user('a'), { credit: 30 });
          tx.set(user('b'), { credit: 70 });
        }),
    );
  });

  test('what is asked of a transaction after its function has returned is refused', async () => {
    await using records = await open();
    let kept: Tx | undefined;
    await records.transact(async (tx) => {
      kept = tx;
    });
    expect(() => kept!.set(user('a'), {})).toThrow(expect.objectContaining({ code: 'RECORDS_MISUSED' }));
    await expect(kept!.get(user('a'))).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
  });

  test('two transactions that each read what the other writes do not both pass', async () => {
    await using records = await open();
    await records.create(user('a'), { credit: 1 });
    await records.create(user('b'), { credit: 1 });
    const spend = (id: string) => async (tx: Tx) => {
      const [a, b] = [await tx.get(user('a')), await tx.get(user('b'))];
      if (a!.credit! + b!.credit! >= 2) tx.set(user(id), { credit: 0 });
    };
    await Promise.all([records.transact(spend('a')), records.transact(spend('b'))]);
    expect(await credits(records, ['a', 'b'])).toBe(1);
  });

  test('a record that appears in a query that was read makes the transaction look again', async () => {
    await using records = await open();
    const cameFirst = await interleaved(
      { records, isolation },
      async (tx) => {
        const { records: found } = await tx.page(usersByEmail, { limit: 10 });
        return async () => tx.set(run('count'), { note: found.length });
      },
      () => records.create(user('phantom'), { email: 'phantom' }),
    );
    expect((await records.get(run('count')))?.value).toEqual({ note: cameFirst ? 1 : 0 });
  });

  test('a record that leaves a query that was read makes the transaction look again', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    const cameFirst = await interleaved(
      { records, isolation },
      async (tx) => {
        const { records: found } = await tx.page(usersByEmail, { limit: 10 });
        return async () => tx.set(run('count'), { note: found.length });
      },
      () => records.delete(user('a')),
    );
    expect((await records.get(run('count')))?.value).toEqual({ note: cameFirst ? 0 : 1 });
  });

  test('at most one of several may pass a limit that each checks by query', async () => {
    await using records = await open();
    const takeLastSeat = (id: string) =>
      records.transact(async (tx) => {
        const { records: taken } = await tx.page(usersByEmail, { limit: 5 });
        if (taken.length === 0) tx.create(user(id), { email: id });
      });
    await Promise.all(['a', 'b', 'c', 'd'].map(takeLastSeat));
    expect(await records.count(usersByEmail, {})).toBe(1);
  });

  test('a transaction that only reads answers one state', async () => {
    await using records = await open();
    await records.create(user('a'), { email: 'a' });
    const answer = await records.transact(async (tx) => {
      const page = await tx.page(usersByEmail, { limit: 10 });
      return [ids(page), (await tx.get(user('a')))?.email, await tx.get(user('none'))];
    });
    expect(answer).toEqual([['a'], 'a', undefined]);
  });
}

async function addCredit(tx: Tx, id: string, amount: number): Promise<void> {
  const before = await tx.get(user(id));
  tx.set(user(id), { credit: (before?.credit ?? 0) + amount });
}

async function credits(records: Records, of: readonly string[]): Promise<number> {
  const values = await Promise.all(of.map((id) => records.get(user(id))));
  return values.reduce((sum, stored) => sum + (stored?.value.credit ?? 0), 0);
}
