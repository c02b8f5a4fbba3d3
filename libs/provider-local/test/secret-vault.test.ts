import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { secretVaultContract } from '@runvoy/core/contracts';
import { openLocalVault } from '@runvoy/provider-local';
import { privateDirectory } from './private-directory.ts';

const PLACE = { collection: 'run-inputs', id: 'a', field: 'sealed' };

describe('the local vault', () => {
  secretVaultContract(async () => {
    const directory = await privateDirectory();
    const vault = await openLocalVault(join(directory.path, 'keys.json'));
    return Object.assign(vault, { [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() });
  });

  test('creates its key file once, for the owner alone', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    const sealed = await (await openLocalVault(path)).seal(Buffer.from('secret'), PLACE);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory.path)).toEqual(['keys.json']);
    const reopened = await openLocalVault(path);
    expect(Buffer.from(await reopened.open(sealed, PLACE)).toString()).toBe('secret');
  });

  test('opened twice at once for the first time, it agrees on one key', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    const [first, second] = await Promise.all([openLocalVault(path), openLocalVault(path)]);
    const sealed = await first.seal(Buffer.from('secret'), PLACE);
    expect(Buffer.from(await second.open(sealed, PLACE)).toString()).toBe('secret');
  });

  test('sealed values name their form and key', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    const sealed = Buffer.from(await (await openLocalVault(path)).seal(Buffer.from('secret'), PLACE)).toString();
    const { current } = JSON.parse(await readFile(path, 'utf8')) as { current: string };
    expect(sealed).toMatch(new RegExp(`^v1\\.${current}\\.[\\w-]{16}\\.[\\w-]{30}$`));
  });

  test('a sealed value has one spelling: foreign characters in it are not overlooked', async () => {
    await using directory = await privateDirectory();
    const vault = await openLocalVault(join(directory.path, 'keys.json'));
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    for (const added of ['=', ' ', '\n']) {
      const respelled = Buffer.concat([sealed, Buffer.from(added)]);
      await expect(vault.open(respelled, PLACE)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    }
  });

  test('values sealed with an earlier key open after a new one was made current', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    const old = await (await openLocalVault(path)).seal(Buffer.from('old'), PLACE);
    const file = JSON.parse(await readFile(path, 'utf8')) as { current: string; keys: Record<string, string> };
    const rotated = { current: 'new', keys: { ...file.keys, new: Buffer.alloc(32, 7).toString('base64url') } };
    await writeFile(path, JSON.stringify(rotated));
    const vault = await openLocalVault(path);
    expect(Buffer.from(await vault.open(old, PLACE)).toString()).toBe('old');
    expect(Buffer.from(await vault.seal(Buffer.from('x'), PLACE)).toString()).toMatch(/^v1\.new\./);
  });

  test('a rotated key seals at once and after a restart, in one file for the owner alone; two at once make two keys', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    const vault = await openLocalVault(path);
    const first = await vault.keys!.current();
    const old = await vault.seal(Buffer.from('old'), PLACE);
    const made = await Promise.all([vault.keys!.rotate(), vault.keys!.rotate()]);
    expect(new Set([first, ...made]).size).toBe(3);
    expect(await vault.keys!.current()).toBe(made[1]);
    expect(await Promise.all([first, ...made, 'other'].map((id) => vault.keys!.isOlder(id)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(Buffer.from(await vault.seal(Buffer.from('x'), PLACE)).toString()).toContain(`v1.${made[1]}.`);
    expect([(await stat(path)).mode & 0o777, await readdir(directory.path)]).toEqual([0o600, ['keys.json']]);
    const restarted = await openLocalVault(path);
    expect(Buffer.from(await restarted.open(old, PLACE)).toString()).toBe('old');
    expect(await restarted.keys!.current()).toBe(made[1]);
  });

  test('a value sealed by an unknown key names that key to operators', async () => {
    await using directory = await privateDirectory();
    const sealed = await (await openLocalVault(join(directory.path, 'first.json'))).seal(Buffer.from('x'), PLACE);
    const other = await openLocalVault(join(directory.path, 'second.json'));
    await expect(other.open(sealed, PLACE)).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      cause: { message: expect.stringMatching(/needs key [0-9a-f]{12}, which the key file does not hold/) },
    });
  });

  test('a key file that others may read is refused, with what to do', async () => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    await openLocalVault(path);
    await chmod(path, 0o640);
    await expect(openLocalVault(path)).rejects.toThrow(`has mode 0640: others may use it. Run: chmod 600 ${path}`);
  });

  test.each([
    ['', 'is not JSON'],
    ['{"current":"a","keys":{"a":"secret-but-broken', 'is not JSON'],
    ['null', 'names no current key'],
    ['{"current":"a","keys":{}}', 'names no current key'],
    ['{"current":"a","keys":{"a":"c2hvcnQ"}}', 'holds something else than a key under "a"'],
  ])('the key file %j is refused without being repeated', async (text, why) => {
    await using directory = await privateDirectory();
    const path = join(directory.path, 'keys.json');
    await writeFile(path, text, { mode: 0o600 });
    const opening = openLocalVault(path);
    await expect(opening).rejects.toThrow(why);
    await expect(opening).rejects.not.toThrow('secret-but-broken');
  });
});
