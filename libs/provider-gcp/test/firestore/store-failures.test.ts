import type { Clock, DeclaredQuery, Records, Ref } from '@runvoy/core';
import { describe, expect, test } from '@jest/globals';
import { openFirestoreRecords } from '../../src/records.ts';
import { refusal, scriptedStore, streamRefusal } from './scripted-store.ts';
import type { Scripted, ScriptedStore } from './scripted-store.ts';

const run: Ref<{ status?: string; command?: string }> = { collection: 'executions', id: 'a' };
const newest: DeclaredQuery<object> = { name: 'executionsNewestFirst' };
const nameOf = (id: string) => `projects/p/databases/runvoy/documents/runvoy-executions/${id}`;
const NAME = nameOf('a');
const UPDATED = '2026-01-01T00:00:00.000001Z';

const missing: Scripted = { status: 200, body: [{ missing: NAME, readTime: UPDATED }] };
const found: Scripted = {
  status: 200,
  body: [
    { found: { name: NAME, fields: { status: { stringValue: 'RUNNING' } }, updateTime: UPDATED }, transaction: 'dDE=' },
  ],
};
const done: Scripted = { status: 200, body: { writeResults: [{}], commitTime: UPDATED } };

/** Pauses that take no time, and are remembered. */
function restlessClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return { pauses, now: () => 0, sleep: async (ms) => void pauses.push(ms) };
}

async function over(
  script: readonly Scripted[],
  use: (records: Records, store: ScriptedStore, clock: ReturnType<typeof restlessClock>) => Promise<void>,
): Promise<void> {
  await using store = await scriptedStore(script);
  const clock = restlessClock();
  await using records = openFirestoreRecords({ projectId: 'p', host: store.host, clock, random: () => 1 });
  await use(records, store, clock);
}

const methods = (store: ScriptedStore): string[] => store.asked.map(({ method }) => method);

describe('a read', () => {
  test.each<[string, Scripted]>([
    ['is unavailable', streamRefusal(503, 'UNAVAILABLE')],
    ['was too slow', streamRefusal(504, 'DEADLINE_EXCEEDED')],
    ['has too much to do', streamRefusal(429, 'RESOURCE_EXHAUSTED')],
    ['breaks the connection', 'broken'],
    ['answers something else than Firestore', { status: 502, text: '<html>' }],
    ['answers nothing about the document', { status: 200, body: [] }],
  ])('is asked again when the store %s, with a growing pause', async (_, trouble) => {
    await over([trouble, trouble, found], async (records, store, clock) => {
      expect((await records.get(run))?.value).toEqual({ status: 'RUNNING' });
      expect(methods(store)).toEqual(['batchGet', 'batchGet', 'batchGet']);
      expect(clock.pauses).toEqual([50, 100]);
    });
  });

  test('that fails every time is a store that does not answer, never a record that is not there', async () => {
    await over([streamRefusal(503, 'UNAVAILABLE')], async (records, store) => {
      await expect(records.get(run)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(records.page(newest, { limit: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(records.count(newest, {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(store.asked).toHaveLength(12);
    });
  });

  test('without permission, or of a database that is not there, is a store that does not answer, asked once', async () => {
    for (const answer of [streamRefusal(403, 'PERMISSION_DENIED'), streamRefusal(404, 'NOT_FOUND')]) {
      await over([answer], async (records, store) => {
        await expect(records.get(run)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(store.asked).toHaveLength(1);
      });
    }
  });

  test('from a store that cannot be reached is a store that does not answer', async () => {
    const store = await scriptedStore([]);
    await store[Symbol.asyncDispose]();
    await using records = openFirestoreRecords({ projectId: 'p', host: store.host, clock: restlessClock() });
    await expect(records.get(run)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('of some fields asks for these alone, and for those of others together while an answer is on its way', async () => {
    const answer = (...ids: string[]): Scripted => ({
      status: 200,
      // Firestore answers in any order.
      body: ids.toReversed().map((id) => ({ found: { name: nameOf(id), fields: { status: { stringValue: id } } } })),
    });
    await over([answer('a'), answer('b', 'c')], async (records, store) => {
      const statusOf = (id: string) => records.getFields({ ...run, id }, ['status']);
      expect(await Promise.all(['a', 'b', 'c', 'b'].map(statusOf))).toEqual(
        ['a', 'b', 'c', 'b'].map((status) => ({ status })),
      );
      expect(store.asked.map(({ body }) => body)).toEqual([
        { documents: [nameOf('a')], mask: { fieldPaths: ['status'] } },
        { documents: [nameOf('b'), nameOf('c')], mask: { fieldPaths: ['status'] } },
      ]);
    });
  });

  test('of some fields of several records is a store that does not answer for each of them, and asked anew afterwards', async () => {
    const nothing: Scripted = { status: 200, body: [] };
    await over([nothing, nothing, nothing, nothing, found], async (records, store) => {
      await expect(records.getFields(run, ['status'])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await records.getFields(run, ['status'])).toEqual({ status: 'RUNNING' });
      expect(store.asked).toHaveLength(5);
    });
  });

  test('that answers a missing document is not asked again', async () => {
    await over([missing], async (records, store) => {
      expect(await records.get(run)).toBeUndefined();
      expect(store.asked).toHaveLength(1);
    });
  });
});

describe('a write', () => {
  test.each<[string, Scripted]>([
    ['the connection broke behind it', 'broken'],
    ['the store said it is unavailable', refusal(503, 'UNAVAILABLE')],
    ['the store had an internal fault', refusal(500, 'INTERNAL')],
  ])('is not repeated when %s: nobody knows whether it was done', async (_, trouble) => {
    await over([trouble, done], async (records, store) => {
      await expect(records.create(run, {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(methods(store)).toEqual(['commit']);
    });
  });

  test.each<[string, Scripted]>([
    ['lost to a lock', refusal(409, 'ABORTED')],
    ['refused for the rate', refusal(429, 'RESOURCE_EXHAUSTED')],
  ])('that was certainly not done is repeated: %s', async (_, trouble) => {
    await over([trouble, done], async (records, store) => {
      await records.create(run, {});
      expect(methods(store)).toEqual(['commit', 'commit']);
    });
  });

  test('that always loses to locks says that the store is contended', async () => {
    await over([refusal(409, 'ABORTED')], async (records) => {
      await expect(records.create(run, {})).rejects.toMatchObject({ code: 'STORE_CONTENDED' });
    });
  });

  test('of a taken id is refused at once', async () => {
    await over([refusal(409, 'ALREADY_EXISTS')], async (records, store) => {
      await expect(records.create(run, {})).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
      expect(store.asked).toHaveLength(1);
    });
  });

  test('that the store finds too large is a misuse that says so', async () => {
    await over([refusal(400, 'INVALID_ARGUMENT', 'exceeds the maximum size')], async (records) => {
      const refused = records.create(run, {});
      await expect(refused).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
      await expect(refused).rejects.toThrow('exceeds the maximum size');
    });
  });

  test('sends a delete again, because deleting twice is deleting once', async () => {
    await over(['broken', done], async (records, store) => {
      await records.delete(run);
      expect(methods(store)).toEqual(['commit', 'commit']);
    });
  });

  test('in a batch has an outcome of its own, and an unknown one is none', async () => {
    const answer = (...codes: number[]): Scripted => ({
      status: 200,
      body: { status: codes.map((code) => ({ code })) },
    });
    const entries = ['a', 'b'].map((id) => ({ ref: { collection: 'executions', id } as const, value: {} }));
    await over([answer(0, 6)], async (records) => {
      expect(await records.createMany(entries)).toEqual(['created', 'exists']);
    });
    await over([answer(0, 14)], async (records) => {
      await expect(records.createMany(entries)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
});

describe('a transaction', () => {
  test('that loses its locks runs again, names the run before and ends by what it read last', async () => {
    await over([found, refusal(409, 'ABORTED'), found, done], async (records, store) => {
      let runs = 0;
      await records.transact(async (tx) => {
        runs += 1;
        await tx.get(run);
        tx.set(run, { command: `run ${runs}` });
      });
      expect(methods(store)).toEqual(['batchGet', 'commit', 'batchGet', 'commit']);
      expect(store.asked[2]?.body['newTransaction']).toEqual({ readWrite: { retryTransaction: 'dDE=' } });
      expect(JSON.stringify(store.asked[3]?.body)).toContain('run 2');
    });
  });

  test('that only writes is one call', async () => {
    await over([done], async (records, store) => {
      await records.transact(async (tx) => tx.set(run, {}));
      expect(methods(store)).toEqual(['commit']);
      expect(store.asked[0]?.body['transaction']).toBeUndefined();
    });
  });

  test('whose commit got no answer is not run again', async () => {
    await over([found, 'broken', { status: 200, body: {} }], async (records, store) => {
      let runs = 0;
      const transaction = records.transact(async (tx) => {
        runs += 1;
        await tx.get(run);
        tx.set(run, {});
      });
      await expect(transaction).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(runs).toBe(1);
      expect(methods(store).slice(0, 2)).toEqual(['batchGet', 'commit']);
    });
  });

  test('whose read failed does not commit what its function made of that', async () => {
    await over([streamRefusal(403, 'PERMISSION_DENIED'), done], async (records, store) => {
      const transaction = records.transact(async (tx) => {
        const isThere = await tx.get(run).catch(() => undefined);
        if (!isThere) tx.create(run, {});
      });
      await expect(transaction).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(methods(store)).toEqual(['batchGet']);
    });
  });

  test('that always loses says that the store is contended, after a bounded number of tries', async () => {
    const script = Array.from({ length: 30 }, () => [found, refusal(409, 'ABORTED')]).flat();
    await over(script, async (records, store) => {
      const transaction = records.transact(async (tx) => {
        await tx.get(run);
        tx.set(run, {});
      });
      await expect(transaction).rejects.toMatchObject({ code: 'STORE_CONTENDED' });
      expect(methods(store).filter((method) => method === 'commit')).toHaveLength(12);
    });
  });
});
