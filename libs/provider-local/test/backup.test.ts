import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  executionRef,
  explainExecution,
  openDeadLetters,
  recordDeath,
  systemClock,
  type Execution,
  type Ref,
} from '@runvoy/core';
import { sampleEvent } from '@runvoy/core/contracts';
import {
  backupDirectory,
  openDataDir,
  openFileArchive,
  openLocalEventBus,
  openLocalVault,
  openSqliteRecords,
  pathsIn,
  restoreBackup,
  writeBackup,
} from '@runvoy/provider-local';
import { privateDirectory } from './private-directory.ts';

interface Note {
  readonly at: number;
  readonly text: string;
}

const ABOUT = { nowMs: Date.parse('2026-01-01T00:00:00Z'), version: '1.2.3' };
const note = (collection: 'users' | 'audit', id: number): Ref<Note> => ({ collection, id: `n${id}` });
const pieces = async function* (text: string) {
  yield Buffer.from(text);
};

/** A data directory in use, with a bus that hands dead letters to the records as a server does. */
async function openWorld(path: string) {
  const dataDir = openDataDir(path);
  const records = openSqliteRecords(dataDir.database);
  const bus = openLocalEventBus({
    path: dataDir.queue,
    deliver: async () => 'retry',
    keepDead: async (death) => void (await recordDeath({ records, clock: systemClock }, death)),
    clock: systemClock,
    random: Math.random,
  });
  const archive = await openFileArchive(dataDir.archive);
  await openLocalVault(dataDir.vaultKeys);
  return {
    dataDir,
    records,
    bus,
    archive,
    source: { dataDir: path, records, bus },
    async [Symbol.asyncDispose]() {
      await bus.close();
      records.close();
    },
  };
}

describe('a backup', () => {
  test('of a store that is being written to holds everything stored before it began, and of each transaction all or nothing', async () => {
    await using directory = await privateDirectory();
    const to = join(directory.path, 'backup');
    await using world = await openWorld(join(directory.path, 'data'));
    const write = (id: number) =>
      world.records.transact(async (tx) => {
        // Two collections that must agree.
        for (const collection of ['users', 'audit'] as const) {
          tx.set<object>(note(collection, id), { at: id, email: `n${id}`, text: 'x'.repeat(3_000) });
        }
      });
    // Several thousand pages, so that the copy takes many steps.
    for (let id = 0; id < 2_000; id += 1) await write(id);
    const { archive } = world;
    await archive.put('logs/one', pieces('first'));

    let [next, isOver] = [2_000, false];
    const writing = (async () => {
      while (!isOver) await write(next++);
    })();
    const manifest = await writeBackup(world.source, to, ABOUT);
    const written = next;
    isOver = true;
    await writing;
    // It was written to meanwhile, or this shows nothing.
    expect(written).toBeGreaterThan(2_000);

    await using restored = await privateDirectory();
    const target = join(restored.path, 'data');
    await restoreBackup(to, target, { force: false, nowMs: ABOUT.nowMs });
    await using again = await openWorld(target);
    const found = async (collection: 'users' | 'audit', id: number) =>
      (await again.records.get(note(collection, id))) !== undefined;
    let last = 0;
    for (let id = 0; id < written; id += 1) {
      const [user, audit] = [await found('users', id), await found('audit', id)];
      expect([id, user]).toEqual([id, audit]);
      if (id < 2_000) expect([id, user]).toEqual([id, true]);
      // No hole: what came later is there only with what came before.
      if (user) expect(id).toBe(last++);
    }
    expect(manifest.counts.records).toMatchObject({ users: last, audit: last });
    let text = '';
    for await (const piece of (await again.archive.get('logs/one'))!) text += Buffer.from(piece).toString();
    expect(text).toBe('first');
  });

  test('is of one moment: an event that moves from the queue to the records is in one of them, or both', async () => {
    await using directory = await privateDirectory();
    await using world = await openWorld(join(directory.path, 'data'));
    let [put, isOver] = [0, false];
    const dying = (async () => {
      while (!isOver) await world.bus.deadLetter(sampleEvent(`e${put++}`), 'why', '/events');
    })();
    // Between the two copies there is time for many to move, were they let.
    const slowly = {
      copyInto: async (path: string) => {
        for (let turns = 0; turns < 100; turns += 1) await turn();
        await world.bus.copyInto(path);
      },
    };
    for (let round = 0; round < 5; round += 1) {
      await turn();
      const certain = put - 1;
      const to = join(directory.path, `backup-${round}`);
      await writeBackup({ ...world.source, bus: slowly }, to, ABOUT);
      const inQueue = rowsOf(join(to, 'events.sqlite'), 'SELECT event FROM dead_letters').map(
        ({ event }) => (JSON.parse(String(event)) as { id: string }).id,
      );
      const inRecords = rowsOf(
        join(to, 'runvoy.sqlite'),
        "SELECT json FROM documents WHERE collection = 'dead-letters'",
      ).map(({ json }) => (JSON.parse(String(json)) as { event_id: string }).event_id);
      const all = new Set([...inQueue, ...inRecords]);
      for (let id = 0; id < certain; id += 1) expect([id, all.has(`e${id}`)]).toEqual([id, true]);
    }
    isOver = true;
    await dying;
  });

  test('holds no key, no token and no socket, and only its owner may read it', async () => {
    await using directory = await privateDirectory();
    const to = join(directory.path, 'backup');
    const path = join(directory.path, 'data');
    await using world = await openWorld(path);
    await writeFile(join(path, 'client.json'), '{"api_key":"rvy_secret"}');
    await writeFile(join(path, 'signing-keys.json'), '{}');
    const manifest = await writeBackup(world.source, to, ABOUT);
    expect((await readdir(to)).toSorted()).toEqual(['archive', 'backup.json', 'events.sqlite', 'runvoy.sqlite']);
    for (const name of ['', 'backup.json', 'events.sqlite', 'runvoy.sqlite']) {
      expect((await stat(join(to, name))).mode & 0o077).toBe(0);
    }
    const { keys } = JSON.parse(await readFile(pathsIn(path).vaultKeys, 'utf8')) as { keys: Record<string, string> };
    expect(manifest.vault_keys).toEqual(Object.keys(keys));
    expect(await readFile(join(to, 'backup.json'), 'utf8')).not.toContain(Object.values(keys)[0]);
  });

  test('replaces nothing, and leaves nothing under its name when it fails', async () => {
    await using directory = await privateDirectory();
    await using world = await openWorld(join(directory.path, 'data'));
    await mkdir(join(directory.path, 'taken'));
    await expect(writeBackup(world.source, join(directory.path, 'taken'), ABOUT)).rejects.toThrow('is there already');
    const failing = { ...world.source, bus: { copyInto: () => Promise.reject(new Error('no space left on device')) } };
    const to = join(directory.path, 'backup');
    await expect(writeBackup(failing, to, ABOUT)).rejects.toThrow(
      `The backup ${to} was not made: no space left on device`,
    );
    expect((await readdir(directory.path)).toSorted()).toEqual(['data', 'taken']);
    // And writes that waited for it go on.
    await world.records.create<object>(note('audit', 1), { at: 1 });
  });

  test('to a name that another one is writing under is refused, and the other one is whole', async () => {
    await using directory = await privateDirectory();
    await using world = await openWorld(join(directory.path, 'data'));
    await world.records.create<object>(note('audit', 1), { at: 1 });
    const to = join(directory.path, 'backup');
    // The second one comes when the records are copied, and the queue is not.
    let second: Promise<unknown> | undefined;
    const slowly = {
      copyInto: async (path: string) => {
        second = writeBackup(world.source, to, ABOUT);
        await second.catch(() => undefined);
        await world.bus.copyInto(path);
      },
    };
    await writeBackup({ ...world.source, bus: slowly }, to, ABOUT);
    await expect(second).rejects.toThrow(`Another backup is being written to ${to}.`);
    expect((await readdir(directory.path)).toSorted()).toEqual(['backup', 'data']);
    const target = join(directory.path, 'other');
    await restoreBackup(to, target, { force: false, nowMs: 0 });
    await using again = await openWorld(target);
    expect(await again.records.get(note('audit', 1))).toBeDefined();
  });

  test('to a place where nothing can be made fails, and does not try for ever', async () => {
    await using directory = await privateDirectory();
    await using world = await openWorld(join(directory.path, 'data'));
    await expect(writeBackup(world.source, '/proc/nope/backup', ABOUT)).rejects.toThrow(
      'The backup /proc/nope/backup was not made: nothing can be written in /proc/nope',
    );
  });

  test('of a directory that a server uses needs that server', async () => {
    await using directory = await privateDirectory();
    await using _ = await openWorld(join(directory.path, 'data'));
    const to = join(directory.path, 'backup');
    await expect(backupDirectory(join(directory.path, 'data'), to, ABOUT)).rejects.toThrow('is in use');
    await expect(backupDirectory(join(directory.path, 'none'), to, ABOUT)).rejects.toThrow('There is no data');
  });
});

describe('a restore', () => {
  /** A backup of a directory with one note. */
  async function backedUp(directory: string): Promise<string> {
    {
      await using world = await openWorld(join(directory, 'data'));
      await world.records.create<object>(note('audit', 1), { at: 1 });
    }
    await backupDirectory(join(directory, 'data'), join(directory, 'backup'), ABOUT);
    return join(directory, 'backup');
  }

  test('into what is not empty is refused, and with force keeps what was there, and its keys', async () => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    const dataDir = join(directory.path, 'data');
    {
      await using world = await openWorld(dataDir);
      await world.records.create<object>(note('audit', 2), { at: 2 });
      // Nobody is told to force what would be refused as well.
      for (const force of [false, true]) {
        const refused = restoreBackup(from, dataDir, { force, nowMs: ABOUT.nowMs });
        await expect(refused).rejects.toThrow(`A server is running in ${dataDir}. Stop it first; nothing was changed.`);
      }
    }
    const key = await readFile(pathsIn(dataDir).vaultKeys, 'utf8');
    await expect(restoreBackup(from, dataDir, { force: false, nowMs: 0 })).rejects.toThrow('is not empty');
    const { before, missingKeys } = await restoreBackup(from, dataDir, { force: true, nowMs: ABOUT.nowMs });
    expect([before, missingKeys]).toEqual([`${dataDir}.before-2026-01-01T00-00-00-000Z`, []]);
    expect(await readFile(pathsIn(dataDir).vaultKeys, 'utf8')).toBe(key);
    await using world = await openWorld(dataDir);
    expect(await world.records.get(note('audit', 1))).toBeDefined();
    expect(await world.records.get(note('audit', 2))).toBeUndefined();
    await using old = await openWorld(before!);
    expect(await old.records.get(note('audit', 2))).toBeDefined();
  });

  test('of which two come at once is one, and the other is refused', async () => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    const target = join(directory.path, 'other');
    const both = await Promise.allSettled([1, 2].map(() => restoreBackup(from, target, { force: false, nowMs: 0 })));
    // Either may be the first.
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    expect(String(refused?.reason)).toContain('Another restore is putting a backup into');
    await using world = await openWorld(target);
    expect(await world.records.get(note('audit', 1))).toBeDefined();
  });

  test('elsewhere says which key is missing, and without it what is sealed stays closed', async () => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    const old = pathsIn(join(directory.path, 'data')).vaultKeys;
    const about = { collection: 'secrets', id: 'a', field: 'value' };
    const sealed = await (await openLocalVault(old)).seal(Buffer.from('word'), about);
    const target = join(directory.path, 'other');
    const { manifest, missingKeys } = await restoreBackup(from, target, { force: false, nowMs: 0 });
    expect(missingKeys).toEqual(manifest.vault_keys);
    expect(missingKeys).toHaveLength(1);
    const other = await openLocalVault(pathsIn(target).vaultKeys);
    await expect(other.open(sealed, about)).rejects.toThrow();
  });

  test.each([
    ['the database', 'runvoy.sqlite'],
    ['the queue', 'events.sqlite'],
  ])('of a backup whose copy of %s was changed is refused, and nothing is left', async (_, name) => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    await appendFile(join(from, name), 'x');
    const target = join(directory.path, 'other');
    await expect(restoreBackup(from, target, { force: false, nowMs: 0 })).rejects.toThrow('is not as it was written');
    expect(existsSync(target)).toBe(false);
    await rm(join(from, name));
    await expect(restoreBackup(from, target, { force: false, nowMs: 0 })).rejects.toThrow('ENOENT');
    expect((await readdir(directory.path)).toSorted()).toEqual(['backup', 'data']);
  });

  test.each([
    ['the local store', { schema: 99 }, 'the local store has version 99, this program knows 1'],
    ['the event queue', { event_queue: 99 }, 'the event queue has version 99, this program knows 2'],
    ['a collection', { collections: { executions: 99 } }, 'collection executions has version 99, this program knows 1'],
    [
      'a collection nobody knows',
      { collections: { later: 1 } },
      'collection later has version 1, this program knows 0',
    ],
  ])('of a backup with a newer version of %s is refused, naming both', async (_, newer, text) => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    const path = join(from, 'backup.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { versions: object };
    await writeFile(path, JSON.stringify({ ...manifest, versions: { ...manifest.versions, ...newer } }));
    await expect(restoreBackup(from, join(directory.path, 'other'), { force: false, nowMs: 0 })).rejects.toThrow(
      `${text}. Update the program.`,
    );
  });

  test('of something else is refused', async () => {
    await using directory = await privateDirectory();
    const target = join(directory.path, 'other');
    await expect(restoreBackup(directory.path, target, { force: false, nowMs: 0 })).rejects.toThrow('is not a backup');
    await writeFile(join(directory.path, 'backup.json'), '{"format":1}');
    await expect(restoreBackup(directory.path, target, { force: false, nowMs: 0 })).rejects.toThrow('is not a backup');
  });

  test('of a manifest that names a file outside is refused', async () => {
    await using directory = await privateDirectory();
    const from = await backedUp(directory.path);
    const path = join(from, 'backup.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { files: object };
    const files = { ...manifest.files, '../outside': { bytes: 0, sha256: '' } };
    await writeFile(path, JSON.stringify({ ...manifest, files }));
    await expect(restoreBackup(from, join(directory.path, 'other'), { force: false, nowMs: 0 })).rejects.toThrow(
      'leads out of the backup',
    );
  });
});

test('a backup of data of an earlier version is that data unchanged, and is brought up to date where it is restored', async () => {
  await using directory = await privateDirectory();
  const data = openDataDir(join(directory.path, 'data'));
  for (const [path, name] of [
    [data.database, 'schema-1.sql'],
    [data.queue, 'event-queue-1.sql'],
  ] as const) {
    const database = new DatabaseSync(path);
    database.exec(await readFile(new URL(`sqlite/released/${name}`, import.meta.url), 'utf8'));
    database.close();
  }
  const to = join(directory.path, 'backup');
  const manifest = await backupDirectory(data.path, to, ABOUT);
  expect(manifest).toMatchObject({
    versions: { schema: 1, event_queue: 1 },
    counts: { records: { executions: 2, users: 2 }, events: 1, dead_letters: 1 },
  });
  for (const path of [data.queue, join(to, 'events.sqlite')]) {
    expect(rowsOf(path, "SELECT value FROM meta WHERE name = 'event_queue'")).toEqual([{ value: 1 }]);
  }
  const target = join(directory.path, 'other');
  expect(await restoreBackup(to, target, { force: false, nowMs: 0 })).toMatchObject({ ended: 1 });
  await using world = await openWorld(target);
  const letters = openDeadLetters({ ...world, clock: systemClock });
  while ((await letters.count()) === 0) await turn();
  expect((await letters.list({ limit: 1 })).letters[0]!.letter).toMatchObject({ event_id: 'dead', attempts: 100 });
});

describe('a run that had not ended when the backup was made', () => {
  const starting = {
    execution_id: 'a'.repeat(32),
    created_by: 'ann@example.com',
    command: 'true',
    image_id: 'host',
    status: 'STARTING',
    unfinished: true,
    started_at_ms: 1,
    without_input: true,
    faults: [],
    facts: { attempts: [{ attempt: 1, token_hash: '', made_at_ms: 1 }] },
  } as unknown as Execution;
  const waiting: Execution = {
    ...starting,
    execution_id: 'b'.repeat(32),
    queued: { since_ms: 1, until_ms: 3_600_001 },
    waiting: true,
    facts: { attempts: [] },
  };
  const slots = { serial: 2, holders: [], queues: [{ user: 'ann@example.com', waiting: 1, turn: 1 }] };

  test.each([
    ['was about to start', starting],
    ['waited for a slot', waiting],
  ])('and %s is started nowhere else, and says why', async (_, run) => {
    await using directory = await privateDirectory();
    const to = join(directory.path, 'backup');
    {
      await using world = await openWorld(join(directory.path, 'data'));
      await world.records.create(executionRef(run.execution_id), run);
      if (run.waiting) await world.records.create<object>({ collection: 'settings', id: 'slots' }, slots);
      await writeBackup(world.source, to, ABOUT);
    }
    const target = join(directory.path, 'other');
    const nowMs = Date.now();
    expect(await restoreBackup(to, target, { force: false, nowMs })).toMatchObject({ ended: 1 });
    await using world = await openWorld(target);
    const { value } = (await world.records.get(executionRef(run.execution_id)))!;
    expect(value).toMatchObject({
      status: 'FAILED',
      reason: 'restored',
      unfinished: false,
      completed_at_ms: ABOUT.nowMs,
    });
    const { evidence } = explainExecution(value, { nowMs, nextLookMs: nowMs });
    expect(evidence.map(({ kind }) => kind)).not.toContain('platform_end');
    expect(evidence.map(({ kind }) => kind)).toContain('restored');
    if (!run.waiting) return;
    // Nobody waits for a turn that never comes.
    expect((await world.records.get<object>({ collection: 'settings', id: 'slots' }))!.value).toMatchObject({
      queues: [],
    });
  });
});

test('dead letters that a backup holds can be replayed where it was restored', async () => {
  await using directory = await privateDirectory();
  const to = join(directory.path, 'backup');
  {
    await using world = await openWorld(join(directory.path, 'data'));
    const { records } = world;
    await recordDeath(
      { records, clock: systemClock },
      { event: sampleEvent('a'), reason: 'why', attempts: 1, route: '/events' },
    );
    await writeBackup(world.source, to, ABOUT);
  }
  const target = join(directory.path, 'other');
  await restoreBackup(to, target, { force: false, nowMs: 0 });
  await using world = await openWorld(target);
  const letters = openDeadLetters({ ...world, clock: systemClock });
  const [known] = (await letters.list({ limit: 1 })).letters;
  expect(await letters.replay(known!.id, { email: 'a@b.c', requestId: 'r' })).toMatchObject({ sent: true });
});

function rowsOf(path: string, sql: string): readonly Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
