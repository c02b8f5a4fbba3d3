import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { copyDatabase } from '../../src/sqlite/copy-database.ts';
import { openDatabase } from '../../src/sqlite/open-database.ts';
import { privateDirectory } from '../private-directory.ts';

test('a copy that begins within a transaction of its source waits for it, and holds what it committed', async () => {
  await using directory = await privateDirectory();
  using source = openDatabase(join(directory.path, 'source.db'));
  source.exec("CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE; INSERT INTO notes VALUES ('late')");
  const path = join(directory.path, 'copy.db');

  const copied = copyDatabase(source, path, () => undefined);
  // What Node's own backup says of it; ours began before, so it has met the same.
  const bare = backup(source, join(directory.path, 'bare.db'));
  await expect(bare).rejects.toMatchObject({ message: 'not an error', errcode: 0 });
  source.exec('COMMIT');
  await copied;

  using copy = openDatabase(path);
  expect(copy.prepare('SELECT text FROM notes').all()).toEqual([{ text: 'late' }]);
});

test('a copy of a source whose transaction never ends fails, and does not wait for ever', async () => {
  await using directory = await privateDirectory();
  using source = openDatabase(join(directory.path, 'source.db'));
  source.exec("CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE; INSERT INTO notes VALUES ('never')");

  const copied = copyDatabase(source, join(directory.path, 'copy.db'), () => undefined);
  await expect(copied).rejects.toMatchObject({ errcode: 0 });
  source.exec('ROLLBACK');
});
