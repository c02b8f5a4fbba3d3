import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { archiveContract } from '@runvoy/core/contracts';
import { openFileArchive } from '@runvoy/provider-local';
import { privateDirectory } from './private-directory.ts';

describe('an archive of files', () => {
  archiveContract(async () => {
    const directory = await privateDirectory();
    const archive = await openFileArchive(directory.path);
    return Object.assign(archive, { [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() });
  });

  test('only the owner can read what is stored', async () => {
    await using directory = await privateDirectory();
    const root = join(directory.path, 'archive');
    const archive = await openFileArchive(root);
    await archive.put('logs/a', content());
    const modes = await Promise.all(
      [root, ...(await readdir(root, { recursive: true })).map((name) => join(root, name))].map(async (path) => {
        const found = await stat(path);
        return `${found.isDirectory() ? 'directory' : 'file'} ${(found.mode & 0o777).toString(8)}`;
      }),
    );
    expect(new Set(modes)).toEqual(new Set(['directory 700', 'file 600']));
  });

  test('what an earlier process left unfinished is swept away at opening', async () => {
    await using directory = await privateDirectory();
    await mkdir(join(directory.path, '+unfinished'));
    await writeFile(join(directory.path, '+unfinished', 'half'), 'half');
    const archive = await openFileArchive(directory.path);
    expect(await readdir(join(directory.path, '+unfinished'))).toEqual([]);
    expect(await archive.list('', { limit: 10 })).toEqual([]);
  });

  test('what was stored is there for the next process', async () => {
    await using directory = await privateDirectory();
    await (await openFileArchive(directory.path)).put('a/b', content());
    expect(await (await openFileArchive(directory.path)).list('', { limit: 10 })).toEqual(['a/b']);
  });
});

async function* content(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('content');
}
