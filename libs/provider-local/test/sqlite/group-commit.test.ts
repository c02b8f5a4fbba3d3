import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { Failure } from '@runvoy/core';
import { GroupCommit } from '../../src/sqlite/group-commit.ts';

function openGroup() {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE lines (text TEXT UNIQUE, body BLOB)');
  const insert = database.prepare('INSERT INTO lines VALUES (?, ?)');
  const counts = { committed: 0, rolledBack: 0 };
  const group = new GroupCommit(database, {
    committed: () => void counts.committed++,
    rolledBack: () => void counts.rolledBack++,
  });
  const write = (text: string, bytes = 0) => group.write(() => void insert.run(text, new Uint8Array(bytes)));
  const texts = () =>
    database
      .prepare('SELECT text FROM lines ORDER BY rowid')
      .all()
      .map((row) => row.text);
  return { database, group, counts, write, texts, [Symbol.dispose]: () => database.close() };
}

test('writes asked for in one turn commit once', async () => {
  using world = openGroup();
  await Promise.all(['a', 'b', 'c'].map((text) => world.write(text)));
  expect(world.texts()).toEqual(['a', 'b', 'c']);
  expect(world.counts).toEqual({ committed: 1, rolledBack: 0 });
});

test('nothing is visible before the group commits', async () => {
  using world = openGroup();
  const written = world.write('a');
  await Promise.resolve();
  expect(world.texts()).toEqual([]);
  await written;
  expect(world.texts()).toEqual(['a']);
});

test('a refusal rejects its own write and no other', async () => {
  using world = openGroup();
  const refused = world.group.write(() => {
    throw new Failure('RECORD_EXISTS', 'a');
  });
  const outcomes = await Promise.allSettled([world.write('a'), refused, world.write('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(world.texts()).toEqual(['a', 'b']);
});

test('a full disk rejects the whole group with the cause, and the next group works', async () => {
  using world = openGroup();
  await world.write('before');
  const { page_count: pages } = world.database.prepare('PRAGMA page_count').get() as { page_count: number };
  world.database.exec(`PRAGMA max_page_count = ${pages + 2}`);
  const outcomes = await Promise.allSettled([world.write('small'), world.write('large', 100_000)]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'STORE_UNAVAILABLE', cause: { message: expect.stringContaining('full') } },
    });
  }
  expect(world.texts()).toEqual(['before']);
  await world.write('after');
  expect(world.texts()).toEqual(['before', 'after']);
  expect(world.counts).toEqual({ committed: 2, rolledBack: 1 });
});

test('a write that breaks after it has changed something undoes the whole group', async () => {
  using world = openGroup();
  const broken = world.group.write(() => {
    world.database.exec("INSERT INTO lines VALUES ('half', NULL)");
    throw new TypeError('a bug');
  });
  const outcomes = await Promise.allSettled([world.write('a'), broken]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } });
  await world.write('b');
  expect(world.texts()).toEqual(['b']);
});

test('a refusal judged by writes that were undone is reported as the store being unavailable', async () => {
  using world = openGroup();
  await world.write('a');
  const refused = world.group.write(() => {
    throw new Failure('RECORD_EXISTS', 'a');
  });
  const outcomes = await Promise.allSettled([refused, world.write('a')]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } });
});

test('closing commits what waits and refuses what comes later', async () => {
  using world = openGroup();
  const written = world.write('a');
  world.group.close();
  await written;
  expect(world.texts()).toEqual(['a']);
  await expect(world.write('b')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});
