import { describe, expect, test } from '@jest/globals';
import type { Records, Tx } from '../src/records/records.ts';
import { gate } from './gate.ts';
import { interleaved, readingTogether } from './interleaved.ts';
import type { StoreIsolation } from './interleaved.ts';
import { ids, user, usersByEmail } from './sample-records.ts';
import type { OpenRecords } from './sample-records.ts';

/**
 * The anomalies of the isolation literature (Adya; Berenson and others) in the list that Hermitage tests databases by: none may
 * happen. Each is its cycle of reads and writes, told in records.
 */
export function recordsAnomalyContract(open: OpenRecords, isolation: StoreIsolation): void {
  /** Two records with credit, `x` and `y`, and e-mails to be found by. */
  async function openPair(): Promise<Records & AsyncDisposable> {
    const records = await open();
    await records.createMany([
      { ref: user('x'), value: { email: 'x', credit: 10 } },
      { ref: user('y'), value: { email: 'y', credit: 20 } },
    ]);
    return records;
  }

  describe('of writes alone', () => {
    test('G0: of two transactions that write the same records, one has the last word on all of them', async () => {
      await using records = await openPair();
      const write = (credit: number) =>
        records.transact(async (tx) => {
          setCredit(tx, 'x', credit);
          setCredit(tx, 'y', credit);
        });
      await Promise.all([write(1), write(2)]);
      const [x, y] = await credits(records);
      expect(y).toBe(x);
      expect([1, 2]).toContain(x);
    });

    test('G1a: what an aborted transaction wrote is never read', async () => {
      await using records = await openPair();
      const [written, go] = [gate(), gate()];
      const aborted = records.transact(async (tx) => {
        setCredit(tx, 'x', 101);
        written.open();
        await go.opened;
        throw new Error('changed my mind');
      });
      await written.opened;
      const during = await readBoth(records);
      go.open();
      await expect(aborted).rejects.toThrow('changed my mind');
      expect([during, await readBoth(records)]).toEqual([
        [10, 20],
        [10, 20],
      ]);
    });

    test('G1b: a value that its own transaction overwrote is never read', async () => {
      await using records = await openPair();
      const seen = new Set<number | undefined>();
      const writer = records.transact(async (tx) => {
        setCredit(tx, 'x', 101);
        seen.add((await records.get(user('x')))?.value.credit);
        setCredit(tx, 'x', 11);
      });
      const reader = records.transact(async (tx) => seen.add((await tx.get(user('x')))?.credit));
      await Promise.all([writer, reader]);
      seen.add((await records.get(user('x')))?.value.credit);
      expect([...seen]).not.toContain(101);
      expect(await credits(records)).toEqual([11, 20]);
    });
  });

  describe('of what others wrote', () => {
    test('G1c: two transactions do not both act on what the other wrote, nor both on what was before', async () => {
      await using records = await openPair();
      await readingTogether(records, [
        async (tx) => {
          const y = await creditOf(tx, 'y');
          return () => setCredit(tx, 'x', y + 1);
        },
        async (tx) => {
          const x = await creditOf(tx, 'x');
          return () => setCredit(tx, 'y', x + 1);
        },
      ]);
      // One after the other: x from the old y, then y from the new x; or the other way round.
      expect([
        [21, 22],
        [12, 11],
      ]).toContainEqual(await credits(records));
    });

    test('OTV: a transaction that was seen does not vanish while another one goes on reading', async () => {
      await using records = await openPair();
      const write = (credit: number) =>
        records.transact(async (tx) => {
          setCredit(tx, 'x', credit);
          setCredit(tx, 'y', credit);
        });
      await write(11);
      let seen: number[] = [];
      await interleaved(
        { records, isolation },
        async (tx) => {
          const x = await creditOf(tx, 'x');
          return async () => {
            seen = [x, await creditOf(tx, 'y')];
          };
        },
        () => write(12),
      );
      expect(seen[0]).toBe(seen[1]);
      expect(await credits(records)).toEqual([12, 12]);
    });

    test('PMP: a query asked twice in one transaction finds the same, whatever is created in between', async () => {
      await using records = await openPair();
      let found: string[][] = [];
      await interleaved(
        { records, isolation },
        async (tx) => {
          const before = ids(await tx.page(usersByEmail, { limit: 10 }));
          return async () => {
            found = [before, ids(await tx.page(usersByEmail, { limit: 10 }))];
          };
        },
        () => records.create(user('z'), { email: 'z', credit: 30 }),
      );
      expect(found[0]).toEqual(found[1]);
      expect(await records.count(usersByEmail, {})).toBe(3);
    });

    test('PMP: a transaction that deletes what it finds leaves nothing that became findable in between', async () => {
      await using records = await openPair();
      const raiseAll = () =>
        records.transact(async (tx) => {
          const { records: all } = await tx.page(usersByEmail, { limit: 10 });
          for (const { id, value } of all) setCredit(tx, id, value.credit! + 10);
        });
      await interleaved(
        { records, isolation },
        async (tx) => {
          const { records: all } = await tx.page(usersByEmail, { limit: 10 });
          const rich = all.filter(({ value }) => value.credit === 20);
          return async () => {
            for (const { id } of rich) tx.delete(user(id));
          };
        },
        raiseAll,
      );
      // Deleted first: y went and x was raised. Raised first: x, then at 20, went and y is at 30.
      const left = (await records.page(usersByEmail, { limit: 10 })).records.map(({ id, value }) => [id, value.credit]);
      expect([[['x', 20]], [['y', 30]]]).toContainEqual(left);
    });
  });

  describe('of updates', () => {
    test('P4: of two updates that read the same value, neither is lost', async () => {
      await using records = await openPair();
      const add = (amount: number) => async (tx: Tx) => {
        const x = await creditOf(tx, 'x');
        return () => setCredit(tx, 'x', x + amount);
      };
      await readingTogether(records, [add(1), add(100)]);
      expect(await credits(records)).toEqual([111, 20]);
    });

    test('G-single: a transaction does not read one record before and another after somebody changed both', async () => {
      await using records = await openPair();
      let seen: number[] = [];
      await interleaved(
        { records, isolation },
        async (tx) => {
          const x = await creditOf(tx, 'x');
          return async () => {
            seen = [x, await creditOf(tx, 'y')];
          };
        },
        () =>
          records.transact(async (tx) => {
            setCredit(tx, 'x', 12);
            setCredit(tx, 'y', 18);
          }),
      );
      expect([
        [10, 20],
        [12, 18],
      ]).toContainEqual(seen);
    });

    test('G-single: nor by a query, of which it read one record before', async () => {
      await using records = await openPair();
      let sum = 0;
      await interleaved(
        { records, isolation },
        async (tx) => {
          const x = await creditOf(tx, 'x');
          return async () => {
            const { records: all } = await tx.page(usersByEmail, { limit: 10 });
            sum = x + all.find(({ id }) => id === 'y')!.value.credit!;
          };
        },
        () =>
          records.transact(async (tx) => {
            setCredit(tx, 'x', 0);
            setCredit(tx, 'y', 30);
          }),
      );
      expect(sum).toBe(30);
    });

    test('G-single: a transaction that writes by what it read before does not overwrite what came after', async () => {
      await using records = await openPair();
      const cameFirst = await interleaved(
        { records, isolation },
        async (tx) => {
          const x = await creditOf(tx, 'x');
          return async () => {
            const y = await creditOf(tx, 'y');
            if (x + y === 30) tx.delete(user('y'));
          };
        },
        () => records.transact(async (tx) => setCredit(tx, 'y', 25)),
      );
      // The change came first and the sum is another one; or it came after the deletion.
      expect((await records.get(user('y')))?.value.credit).toBe(25);
      expect(cameFirst).toBe(!isolation.writesWaitForReaders);
    });
  });

  describe('of skewed writes', () => {
    test('G2-item: two transactions that read both records and write one each do not both pass', async () => {
      await using records = await openPair();
      const spend = (id: string) => async (tx: Tx) => {
        const sum = (await creditOf(tx, 'x')) + (await creditOf(tx, 'y'));
        return () => {
          if (sum >= 30) setCredit(tx, id, 0);
        };
      };
      await readingTogether(records, [spend('x'), spend('y')]);
      expect([
        [0, 20],
        [10, 0],
      ]).toContainEqual(await credits(records));
    });

    test('G2: two transactions that each find nothing and create something do not both pass', async () => {
      await using records = await open();
      const claimSeat = (id: string) => async (tx: Tx) => {
        const { records: taken } = await tx.page(usersByEmail, { limit: 5 });
        return () => {
          if (taken.length === 0) tx.create(user(id), { email: id });
        };
      };
      await readingTogether(records, [claimSeat('a'), claimSeat('b')]);
      expect(await records.count(usersByEmail, {})).toBe(1);
    });

    test('G2: a reader does not see the second of two updates without the first that it rests on', async () => {
      await using records = await openPair();
      let seen: number[] = [];
      await interleaved(
        { records, isolation },
        async (tx) => {
          const { records: all } = await tx.page(usersByEmail, { limit: 10 });
          const y = all.find(({ id }) => id === 'y')!.value.credit!;
          return async () => {
            seen = [await creditOf(tx, 'x'), y];
          };
        },
        async () => {
          await records.transact(async (tx) => setCredit(tx, 'y', 25));
          await records.transact(async (tx) => {
            const y = await creditOf(tx, 'y');
            setCredit(tx, 'x', y - 25);
          });
        },
      );
      expect([
        [10, 20],
        [0, 25],
      ]).toContainEqual(seen);
    });
  });
}

async function creditOf(tx: Tx, id: string): Promise<number> {
  return (await tx.get(user(id)))?.credit ?? 0;
}

function setCredit(tx: Tx, id: string, credit: number): void {
  tx.set(user(id), { email: id, credit });
}

/** The credits of `x` and `y`, read one by one. */
async function credits(records: Records): Promise<(number | undefined)[]> {
  return Promise.all(['x', 'y'].map(async (id) => (await records.get(user(id)))?.value.credit));
}

/** The same, read in one transaction. */
function readBoth(records: Records): Promise<number[]> {
  return records.transact(async (tx) => [await creditOf(tx, 'x'), await creditOf(tx, 'y')]);
}
