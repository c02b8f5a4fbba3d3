import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sortEntries } from '../src/own-entries.ts';

const OWN = [
  '.writable',
  'client.json',
  'client.json.4711.new',
  'events.sqlite',
  'events.sqlite-wal',
  'intake.sock',
  'isolation.json',
  'runs',
  'runvoy.sqlite-shm',
  'server.log.1',
  'vault-keys.json',
  'vault-keys.json.6f1b1f0e-8f3b-4f6e-9d8e-0a1b2c3d4e5f',
  'runvoy.sqlite',
];
const FOREIGN = ['my-runvoy.sqlite', 'notes.txt', 'runs.txt', 'runvoy.sqlite.backup', 'server.json.old'];

test('what a server makes is told from everything else, and the database comes last', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'runvoy-entries-'));
  try {
    for (const name of [...OWN, ...FOREIGN]) await writeFile(join(directory, name), '');
    expect(await sortEntries(directory)).toEqual({ own: OWN, foreign: FOREIGN });
  } finally {
    await rm(directory, { recursive: true });
  }
});
