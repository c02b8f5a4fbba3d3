import { expect, test } from '@jest/globals';
import type { Archive } from '../src/archive/archive.ts';
import { gate } from './gate.ts';

/** What every archive promises. `open` answers an empty one each time. */
export function archiveContract(open: () => Promise<Archive & AsyncDisposable>): void {
  test('a blob reads back as it was stored, and storing says its size', async () => {
    await using archive = await open();
    expect(await archive.put('logs/a.txt', pieces('hello ', '', 'world'))).toEqual({ bytes: 11 });
    expect(await text(archive, 'logs/a.txt')).toBe('hello world');
  });

  test('an empty blob is there and empty', async () => {
    await using archive = await open();
    expect(await archive.put('empty', pieces())).toEqual({ bytes: 0 });
    expect(await text(archive, 'empty')).toBe('');
  });

  test('a large blob keeps every byte', async () => {
    await using archive = await open();
    const piece = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251);
    await archive.put('large', from([piece, piece, piece]));
    const read = Buffer.concat(await Array.fromAsync((await archive.get('large'))!));
    expect(Buffer.compare(read, Buffer.concat([piece, piece, piece]))).toBe(0);
  });

  test('a blob that was never stored is not there', async () => {
    await using archive = await open();
    expect(await archive.get('none')).toBeUndefined();
    await archive.delete('none');
  });

  test('a taken name is refused and keeps its blob', async () => {
    await using archive = await open();
    await archive.put('a', pieces('first'));
    await expect(archive.put('a', pieces('second'))).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
    expect(await text(archive, 'a')).toBe('first');
  });

  test('of two blobs at once under one name, one is stored whole', async () => {
    await using archive = await open();
    const outcomes = await Promise.allSettled([
      archive.put('a', pieces('one', 'one')),
      archive.put('a', pieces('two', 'two')),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(['oneone', 'twotwo']).toContain(await text(archive, 'a'));
  });

  test('a blob is not there before it is whole', async () => {
    await using archive = await open();
    const [begun, go] = [gate(), gate()];
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      begun.open();
      await go.opened;
      yield Buffer.from('whole');
    }
    const stored = archive.put('a', slowly());
    await begun.opened;
    expect(await archive.get('a')).toBeUndefined();
    expect(await archive.list('', { limit: 10 })).toEqual([]);
    go.open();
    await stored;
    expect(await text(archive, 'a')).toBe('halfwhole');
  });

  test('a blob whose content fails leaves nothing, and the failure is passed on', async () => {
    await using archive = await open();
    const failure = new Error('the source broke');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw failure;
    }
    await expect(archive.put('a', breaking())).rejects.toBe(failure);
    expect(await archive.get('a')).toBeUndefined();
    await archive.put('a', pieces('again'));
    expect(await text(archive, 'a')).toBe('again');
  });

  test.each([
    [{ from: 3 }, 'defghij'],
    [{ length: 4 }, 'abcd'],
    [{ from: 2, length: 3 }, 'cde'],
    [{ from: 8, length: 100 }, 'ij'],
    [{ from: 10 }, ''],
    [{ from: 99 }, ''],
    [{ from: 1, length: 0 }, ''],
  ])('the part %j of a blob is read alone', async (range, expected) => {
    await using archive = await open();
    await archive.put('a', pieces('abcde', 'fghij'));
    expect(await text(archive, 'a', range)).toBe(expected);
  });

  test('a deleted blob is gone and its name is free', async () => {
    await using archive = await open();
    await archive.put('a/b', pieces('first'));
    await archive.delete('a/b');
    expect(await archive.get('a/b')).toBeUndefined();
    expect(await archive.list('', { limit: 10 })).toEqual([]);
    await archive.put('a/b', pieces('second'));
    expect(await text(archive, 'a/b')).toBe('second');
  });

  test('a name and names below it are different blobs', async () => {
    await using archive = await open();
    for (const name of ['a', 'a/b', 'a/b/c']) await archive.put(name, pieces(name));
    for (const name of ['a', 'a/b', 'a/b/c']) expect(await text(archive, name)).toBe(name);
  });

  test('names are listed in order, below a prefix, page by page', async () => {
    await using archive = await open();
    const names = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a/c', 'a0', 'ab', 'b/a', 'b/b'];
    for (const name of names.toReversed()) await archive.put(name, pieces(name));
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await archive.list('', { limit: 100 })).toEqual(sorted);
    for (const prefix of ['a', 'a/', 'a/b', 'b/', 'c', 'a-']) {
      const expected = sorted.filter((name) => name.startsWith(prefix));
      expect(await archive.list(prefix, { limit: 100 })).toEqual(expected);
    }
    const paged: string[] = [];
    for (;;) {
      const last = paged.at(-1);
      const page = await archive.list('', last === undefined ? { limit: 3 } : { limit: 3, after: last });
      if (page.length === 0) break;
      paged.push(...page);
    }
    expect(paged).toEqual(sorted);
  });

  test.each(['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/../b', 'a b', 'a\\b', 'a\0', 'a+b', 'caf\u00e9', '%2e%2e/x'])(
    'the name %j is refused',
    async (name) => {
      await using archive = await open();
      await expect(archive.put(name, pieces('x'))).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
      await expect(archive.get(name)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
      await expect(archive.delete(name)).rejects.toMatchObject({ code: 'RECORDS_MISUSED' });
    },
  );
}

async function* from(content: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* content;
}

function pieces(...content: readonly string[]): AsyncIterable<Uint8Array> {
  return from(content.map((piece) => Buffer.from(piece)));
}

async function text(archive: Archive, name: string, range?: { from?: number; length?: number }): Promise<string> {
  const blob = await archive.get(name, range);
  if (!blob) throw new Error(`${name} is not there.`);
  return Buffer.concat(await Array.fromAsync(blob)).toString('latin1');
}
