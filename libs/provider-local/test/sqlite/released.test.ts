import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import {
  COLLECTIONS,
  executionRef,
  executionsNewestFirst,
  executionsUnfinished,
  keysOfUser,
  manualClock,
  readLines,
  usersByEmail,
} from '@runvoy/core';
import { gate, MemoryArchive } from '@runvoy/core/contracts';
import { openLocalEventBus, openSqliteRecords } from '@runvoy/provider-local';
import { QUEUE_VERSION } from '../../src/sqlite/event-queue.ts';
import { SCHEMA_VERSION } from '../../src/sqlite/schema.ts';
import { privateDirectory } from '../private-directory.ts';

/** Data as each released version wrote it, as SQL. A new version adds its own file, written by its own program. */
const RELEASED = new URL('released/', import.meta.url);
const ENDED = '8783e8044eabd673015179b9bcef48b4';
const WENT_ON = 'f84762110effb1807b2bdf967a02dc28';

const released = (kind: 'schema' | 'event-queue') =>
  readdirSync(RELEASED)
    .filter((name) => name.startsWith(kind))
    .map((name) => Number(/-(\d+)\.sql$/.exec(name)?.[1]));

function build(path: string, name: string): void {
  const database = new DatabaseSync(path);
  database.exec(readFileSync(new URL(name, RELEASED), 'utf8'));
  database.close();
}

/** The tables and indexes there are, each in one line. */
function tablesOf(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database
      .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
      .all();
    return rows.map(({ sql }) => String(sql).replaceAll(/\s+/g, ' ')).toSorted();
  } finally {
    database.close();
  }
}

const upTo = (version: number) => Array.from({ length: version }, (_, index) => index + 1);

test('every version of the tables that was released has its data here', () => {
  expect(released('schema').toSorted()).toEqual(upTo(SCHEMA_VERSION));
  // The one that is written now has been written by no release yet; the day it is, its file comes here.
  expect(upTo(QUEUE_VERSION - 1)).toEqual(released('event-queue').filter((version) => version < QUEUE_VERSION));
});

test('every version of a collection that was released is in data here', () => {
  const texts = released('schema').map((version) => readFileSync(new URL(`schema-${version}.sql`, RELEASED), 'utf8'));
  for (const [name, { version }] of Object.entries(COLLECTIONS)) {
    // A collection of its first version may be younger than all the data here: nothing of it has to be migrated.
    for (const older of upTo(version - 1)) {
      expect(texts.some((text) => text.includes(`'collection:${name}',${older}`))).toBe(true);
    }
  }
});

describe.each(released('schema'))('data of schema version %i', (version) => {
  test('is whole after it was opened by this program, and a second time', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'runvoy.sqlite');
    build(path, `schema-${version}.sql`);
    for (let time = 1; time <= 2; time += 1) {
      await using records = openSqliteRecords(path);
      const ended = (await records.get(executionRef(ENDED)))!.value;
      expect(ended).toMatchObject({
        status: 'FAILED',
        exit_code: 3,
        command: 'echo one; echo two >&2; exit 3',
        log_proven: true,
      });
      const lines: string[] = [];
      for await (const { stream, text } of readLines({ records, archive: new MemoryArchive() }, ENDED, 0))
        lines.push(`${stream} ${text}`);
      expect(lines).toEqual(expect.arrayContaining(['stdout one', 'stderr two']));
      expect(lines).toHaveLength(ended.end_record!.lines);
      const newest = await records.page(executionsNewestFirst, { limit: 10 });
      expect(newest.records.map(({ id }) => id)).toEqual([WENT_ON, ENDED]);
      const unfinished = await records.page(executionsUnfinished, { equal: { unfinished: true }, limit: 10 });
      expect(unfinished.records.map(({ id }) => id)).toEqual([WENT_ON]);
      const users = await records.page(usersByEmail, { limit: 10 });
      expect(users.records.map(({ value }) => [value.email, value.role])).toEqual([
        ['admin@example.com', 'admin'],
        ['dev@example.com', 'developer'],
      ]);
      const keys = await records.page(keysOfUser, { equal: { user_email: 'admin@example.com' }, limit: 10 });
      expect(keys.records).toHaveLength(1);
      expect(
        (await records.get<{ sealed: Uint8Array }>({ collection: 'run-inputs', id: WENT_ON }))?.value.sealed,
      ).toBeInstanceOf(Uint8Array);
    }
  });

  test('has the tables of data that was never anything else', async () => {
    await using directory = await privateDirectory();
    const [old, fresh] = [join(directory.path, 'old.sqlite'), join(directory.path, 'fresh.sqlite')];
    build(old, `schema-${version}.sql`);
    openSqliteRecords(old).close();
    openSqliteRecords(fresh).close();
    expect(tablesOf(old)).toEqual(tablesOf(fresh));
  });
});

describe.each(released('event-queue'))('a queue of version %i', (version) => {
  test('delivers what waited, and hands over what had been given up', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'events.sqlite');
    build(path, `event-queue-${version}.sql`);
    const [delivered, kept] = [gate(), gate()];
    const came: string[] = [];
    const bus = openLocalEventBus({
      path,
      deliver: async ({ id }) => {
        came.push(id);
        delivered.open();
        return 'ack';
      },
      keepDead: async (death) => {
        expect(death).toMatchObject({ event: { id: 'dead' }, attempts: 100, route: '/events' });
        kept.open();
      },
      clock: manualClock(1_795_888_040_000),
      random: () => 0,
    });
    await Promise.all([delivered.opened, kept.opened]);
    await bus.close();
    expect(came).toEqual(['waits']);
    const fresh = join(directory.path, 'fresh.sqlite');
    await openLocalEventBus({
      path: fresh,
      deliver: async () => 'ack',
      clock: manualClock(0),
      random: () => 0,
    }).close();
    const columns = (file: string) => {
      const database = new DatabaseSync(file, { readOnly: true });
      const rows = database.prepare("SELECT name, type, dflt_value FROM pragma_table_info('dead_letters')").all();
      database.close();
      return rows;
    };
    expect(columns(path)).toEqual(columns(fresh));
  });
});
