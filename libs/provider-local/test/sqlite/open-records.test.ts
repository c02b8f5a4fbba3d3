import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import type { DeclaredQuery, Ref } from '@runvoy/core';
import { openSqliteRecords, sqliteRecordsOn } from '@runvoy/provider-local';
import type { SqliteRecordsOptions } from '@runvoy/provider-local';
import { privateDirectory } from '../private-directory.ts';

interface Note {
  readonly at?: number;
  readonly by?: string;
  readonly until?: number;
}

const note = (id: string): Ref<Note> => ({ collection: 'notes' as never, id });
const byTime: DeclaredQuery<Note> = { name: 'notesByTime' as never };
const ofAuthor: DeclaredQuery<Note> = { name: 'notesOfAuthor' as never };

/** A store of another time: what it declares is the test's own. */
function declared(
  change: { version?: number; descending?: boolean; withAuthors?: boolean } = {},
): SqliteRecordsOptions {
  const { version = 1, descending = false, withAuthors = false } = change;
  const order = [{ field: 'at', direction: descending ? ('desc' as const) : ('asc' as const) }];
  const authors = { notesOfAuthor: { collection: 'notes', equal: ['by'], order } };
  return {
    declared: {
      collections: { notes: { version, expires: 'until' } },
      queries: { notesByTime: { collection: 'notes', equal: [], order }, ...(withAuthors ? authors : {}) },
    },
  };
}

async function withNotes(path: string): Promise<void> {
  await using records = openSqliteRecords(path, declared());
  await records.createMany([
    { ref: note('a'), value: { at: 1, by: 'ann' } },
    { ref: note('b'), value: { at: 2, by: 'bob' } },
  ]);
}

async function directoryWithNotes() {
  const directory = await privateDirectory();
  const path = join(directory.path, 'records.sqlite');
  await withNotes(path);
  return { ...directory, path };
}

describe('the file', () => {
  test('keeps what was acknowledged for the next opening', async () => {
    await using file = await directoryWithNotes();
    await using records = openSqliteRecords(file.path, declared());
    expect((await records.get(note('a')))?.value).toEqual({ at: 1, by: 'ann' });
  });

  test('is for its owner alone, with everything beside it', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'records.sqlite');
    await writeFile(path, '', { mode: 0o644 });
    await chmod(path, 0o644);
    await using records = openSqliteRecords(path, declared());
    await records.create(note('a'), {});
    const files = await readdir(directory.path);
    expect(files).toEqual(expect.arrayContaining(['records.sqlite', 'records.sqlite-wal']));
    for (const file of files) expect((await stat(join(directory.path, file))).mode & 0o777).toBe(0o600);
  });

  test('that another process holds is refused by name', async () => {
    await using file = await directoryWithNotes();
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('BEGIN IMMEDIATE');
      process.stdout.write('held');
      process.stdin.resume();`;
    const holder = spawn(process.execPath, ['-e', script, file.path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit');
    try {
      await once(holder.stdout, 'data');
      expect(() => openSqliteRecords(file.path, declared())).toThrow(`${file.path} is in use by another process.`);
    } finally {
      holder.kill();
      await ended;
    }
  });

  test('that is no database is refused by name', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'records.sqlite');
    await writeFile(path, 'this is no database, but long enough to be taken for a header of one'.repeat(10));
    expect(() => openSqliteRecords(path, declared())).toThrow(`${path} cannot be opened as a database`);
  });

  test('closed answers nothing more and says so', async () => {
    const records = openSqliteRecords(':memory:', declared());
    let failure: Error | undefined;
    records.watch(note('a'), { changed: () => {}, failed: (error) => void (failure = error) });
    const written = records.create(note('a'), {});
    records.close();
    records.close();
    await written;
    await expect(records.get(note('a'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(records.create(note('b'), {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(records.transact(async (tx) => tx.set(note('b'), {}))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(failure).toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  test('never gives a version twice, even across openings and deletes', async () => {
    await using file = await directoryWithNotes();
    let version: string;
    {
      await using records = openSqliteRecords(file.path, declared());
      await records.create(note('c'), {});
      version = (await records.get(note('c')))!.version;
      await records.delete(note('c'));
    }
    await using records = openSqliteRecords(file.path, declared());
    await records.create(note('c'), {});
    expect(await records.compareAndSet(note('c'), version, { at: 9 })).toBe(false);
  });
});

describe('a full disk', () => {
  test('fails what was asked for, tells watchers nothing, and leaves a store that works', async () => {
    const database = new DatabaseSync(':memory:');
    await using records = sqliteRecordsOn(database, declared());
    const seen: string[] = [];
    const end = records.watchQuery(
      byTime,
      {},
      {
        changed: (changes) => seen.push(...changes.map(({ id }) => id)),
        failed: (error) => {
          throw error;
        },
      },
    );
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages + 1}`);
    const large = Array.from({ length: 200 }, (_, index) => ({
      ref: note(`large${index}`),
      value: { at: index, by: 'x'.repeat(1_000) },
    }));
    await expect(records.createMany(large)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('full') },
    });
    expect(await records.get(note('large0'))).toBeUndefined();
    database.exec(`PRAGMA max_page_count = ${pages + 100}`);
    await records.create(note('after'), { at: 1 });
    await records.transact(async (tx) => tx.set(note('last'), { at: (await tx.get(note('after')))!.at! + 1 }));
    expect((await records.page(byTime, { limit: 10 })).records.map(({ id }) => id)).toEqual(['after', 'last']);
    expect(seen).toEqual(['after', 'last']);
    end();
  });
});

describe('expiry', () => {
  test('removes the oldest first, up to the limit, and tells watchers and queries', async () => {
    await using records = openSqliteRecords(':memory:', declared());
    const gone: string[] = [];
    for (const [id, until] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['later', 100],
    ] as const) {
      await records.create(note(id), { at: 1, until });
    }
    const end = records.watchQuery(
      byTime,
      {},
      {
        changed: (changes) => gone.push(...changes.filter(({ kind }) => kind === 'gone').map(({ id }) => id)),
        failed: (error) => {
          throw error;
        },
      },
    );
    expect(await records.removeExpired(50, 2)).toBe(2);
    expect(await records.removeExpired(50, 2)).toBe(1);
    expect(await records.removeExpired(50, 2)).toBe(0);
    expect(gone).toEqual(['a', 'b', 'c']);
    expect((await records.page(byTime, { limit: 10 })).records.map(({ id }) => id)).toEqual(['later']);
    end();
  });
});

describe('opening data of another time', () => {
  test('a query added later finds what was there before', async () => {
    await using file = await directoryWithNotes();
    await using records = openSqliteRecords(file.path, declared({ withAuthors: true }));
    const page = await records.page(ofAuthor, { equal: { by: 'bob' }, limit: 10 });
    expect(page.records.map(({ id }) => id)).toEqual(['b']);
  });

  test('a query whose order changed is answered in the new one, and old cursors are refused', async () => {
    await using file = await directoryWithNotes();
    let cursor: string | undefined;
    {
      await using records = openSqliteRecords(file.path, declared());
      cursor = (await records.page(byTime, { limit: 1 })).next;
    }
    await using records = openSqliteRecords(file.path, declared({ descending: true }));
    expect((await records.page(byTime, { limit: 10 })).records.map(({ id }) => id)).toEqual(['b', 'a']);
    await expect(records.page(byTime, { limit: 1 }, cursor)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a query that is gone leaves no entries behind', async () => {
    await using file = await directoryWithNotes();
    openSqliteRecords(file.path, declared({ withAuthors: true })).close();
    openSqliteRecords(file.path, declared()).close();
    const database = new DatabaseSync(file.path);
    expect(database.prepare('SELECT count(*) AS entries FROM index_entries').get()).toEqual({ entries: 2 });
    database.close();
  });

  test('a collection of a newer version is refused, naming both', async () => {
    await using file = await directoryWithNotes();
    openSqliteRecords(file.path, { ...declared({ version: 1 }) }).close();
    setMeta(file.path, 'collection:notes', 3);
    expect(() => openSqliteRecords(file.path, declared())).toThrow(
      'collection notes has version 3, this program knows 1',
    );
  });

  test('tables of a newer version are refused, naming both', async () => {
    await using file = await directoryWithNotes();
    setMeta(file.path, 'schema', 7);
    expect(() => openSqliteRecords(file.path, declared())).toThrow(
      'the local store has version 7, this program knows 1',
    );
  });

  test('older tables go through every step in between', async () => {
    await using file = await directoryWithNotes();
    setMeta(file.path, 'schema', -1);
    const migrations = {
      schema: [
        { to: 1, sql: 'CREATE TABLE trail AS SELECT step || 1 AS step FROM first_trail' },
        { to: 0, sql: "CREATE TABLE first_trail AS SELECT '0' AS step" },
      ],
      collections: [],
    };
    openSqliteRecords(file.path, { ...declared(), migrations }).close();
    openSqliteRecords(file.path, declared()).close();
    const database = new DatabaseSync(file.path);
    expect(database.prepare('SELECT step FROM trail').get()).toEqual({ step: '01' });
    database.close();
  });

  test('older values go through every step, and queries and expiry follow', async () => {
    await using file = await directoryWithNotes();
    const migrations = {
      schema: [],
      collections: [
        {
          collection: 'notes',
          to: 2,
          change: ({ at, ...rest }: Record<string, unknown>) => ({ ...rest, at: -(at as number) }),
        },
        { collection: 'notes', to: 3, change: (value: Record<string, unknown>) => ({ ...value, until: 5 }) },
      ],
    };
    await using records = openSqliteRecords(file.path, { ...declared({ version: 3 }), migrations });
    const { records: found } = await records.page(byTime, { limit: 10 });
    expect(found.map(({ value }) => value)).toEqual([
      { by: 'bob', at: -2, until: 5 },
      { by: 'ann', at: -1, until: 5 },
    ]);
    expect(await records.removeExpired(6, 10)).toBe(2);
  });

  test('a missing step is named, and the data stays as it was', async () => {
    await using file = await directoryWithNotes();
    expect(() => openSqliteRecords(file.path, declared({ version: 2 }))).toThrow(
      'no step leads collection notes from version 1 to 2',
    );
    await using records = openSqliteRecords(file.path, declared());
    expect((await records.get(note('a')))?.value).toEqual({ at: 1, by: 'ann' });
  });
});

function setMeta(path: string, name: string, value: number): void {
  const database = new DatabaseSync(path);
  database.prepare('UPDATE meta SET value = ? WHERE name = ?').run(value, name);
  database.close();
}
