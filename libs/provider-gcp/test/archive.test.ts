import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { archiveContract } from '@runvoy/core/contracts';
import { fakeStorage } from '@runvoy/google-fakes';
import type { FakeStorage } from '@runvoy/google-fakes';
import { openStorageArchive } from '@runvoy/provider-gcp';

const PART = 8 * 1_024 * 1_024;

async function openArchive(google: FakeStorage) {
  const { host } = await google.listenAs('processor@p.iam.gserviceaccount.com');
  const clock = { now: () => 0, sleep: async () => undefined };
  return openStorageArchive({ project: 'p', bucket: 'blobs', endpoint: host, clock, random: () => 0 });
}

describe('an archive in Cloud Storage', () => {
  archiveContract(async () => {
    const google = fakeStorage({ buckets: ['blobs'] });
    const archive = await openArchive(google);
    return Object.assign(archive, { [Symbol.asyncDispose]: () => google[Symbol.asyncDispose]() });
  });

  test('is reached at its endpoint also by a process that is told of it by STORAGE_EMULATOR_HOST', async () => {
    await using google = fakeStorage({ buckets: ['blobs'] });
    const { host } = await google.listenAs('processor@p.iam.gserviceaccount.com');
    process.env['STORAGE_EMULATOR_HOST'] = host;
    try {
      const archive = openStorageArchive({ project: 'p', bucket: 'blobs', endpoint: host });
      await archive.put(
        'a',
        (async function* () {
          yield Buffer.from('blob');
        })(),
      );
      expect(await archive.list('', { limit: 1 })).toEqual(['a']);
      expect(Buffer.concat(await Array.fromAsync((await archive.get('a'))!)).toString()).toBe('blob');
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST'];
    }
  });

  test('is read whole and from a place on without a warning to operators', async () => {
    await using google = fakeStorage({ buckets: ['blobs'] });
    const archive = await openArchive(google);
    await archive.put('a', inPieces(Buffer.alloc(500_000, 'a'), 100_000));
    const { host } = await google.listenAs();
    // In a process of its own: tests do not hear warnings.
    const script = `
      import { openStorageArchive } from '@runvoy/provider-gcp';
      const archive = openStorageArchive({ project: 'p', bucket: 'blobs', endpoint: '${host}' });
      let bytes = 0;
      for (const from of [0, 1]) for await (const piece of await archive.get('a', { from })) bytes += piece.length;
      process.stdout.write(String(bytes));`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    expect(stdout).toBe('999999');
    expect(stderr).not.toMatch(/MaxListeners/);
  });

  describe('when Cloud Storage does not answer as hoped:', () => {
    let google: FakeStorage;
    beforeEach(() => {
      google = fakeStorage({ buckets: ['blobs'] });
    });
    afterEach(() => google[Symbol.asyncDispose]());

    test('a put whose answer was lost is stored once and is no clash with itself', async () => {
      const archive = await openArchive(google);
      google.faults.next({ method: 'objects.insert', code: 503, afterwards: true });
      expect(await archive.put('a', content('first'))).toEqual({ bytes: 5 });
      await expect(archive.put('a', content('second'))).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
      expect(google.store.get('blobs', 'a').content.toString()).toBe('first');
    });

    const large = Buffer.alloc(2 * PART + 12_345, 'abcdefg');
    const stored = () => Buffer.compare(google.store.get('blobs', 'a').content, large);

    /** The nth request of the upload fails, and so many after it. */
    async function putFailing(
      nth: number,
      times: number,
      fault: { readonly code: number; readonly afterwards: boolean },
    ) {
      const archive = await openArchive(google);
      async function* pieces(): AsyncGenerator<Uint8Array> {
        let sent = 0;
        for await (const piece of inPieces(large, PART / 2)) {
          // A part is sent when it is known that another one follows.
          if (sent++ === 2 * (nth - 1)) google.faults.next({ method: 'upload', times, ...fault });
          yield piece;
        }
      }
      return archive.put('a', pieces());
    }

    describe.each([true, false])(
      'a blob of three parts is stored whole when a request fails (answer lost: %s),',
      (afterwards) => {
        test.each([1, 2, 3])('that of part %i', async (nth) => {
          expect(await putFailing(nth, 1, { code: 503, afterwards })).toEqual({ bytes: large.length });
          expect(stored()).toBe(0);
          expect(google.faults.take('upload')).toBeUndefined();
        });

        test('also when the question how far it came fails, three times', async () => {
          expect(await putFailing(2, 4, { code: 503, afterwards })).toEqual({ bytes: large.length });
          expect(stored()).toBe(0);
        });
      },
    );

    test.each([
      ['that fails again and again', 20, 503],
      ['that is refused', 1, 403],
    ])('a blob %s is given up, and nothing of it is left', async (_, times, code) => {
      await expect(putFailing(2, times, { code, afterwards: false })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
      while (google.faults.take('upload'));
      const archive = await openArchive(google);
      expect(await archive.get('a')).toBeUndefined();
      await archive.put('a', content('again'));
    });

    test('a large blob under a name that was taken meanwhile is refused, and keeps what is there', async () => {
      const archive = await openArchive(google);
      async function* late(): AsyncGenerator<Uint8Array> {
        yield* inPieces(large, PART);
        await archive.put('a', content('first'));
      }
      await expect(archive.put('a', late())).rejects.toMatchObject({ code: 'RECORD_EXISTS' });
      expect(google.store.get('blobs', 'a').content.toString()).toBe('first');
    });

    test('a blob of exactly one part, or two, keeps every byte', async () => {
      const archive = await openArchive(google);
      for (const parts of [1, 2]) {
        const blob = Buffer.alloc(parts * PART, 'abcdefg');
        await archive.put(`a${parts}`, inPieces(blob, 1_048_576));
        expect(Buffer.compare(google.store.get('blobs', `a${parts}`).content, blob)).toBe(0);
      }
    });

    test('a blob of many parts whose content fails leaves nothing', async () => {
      const archive = await openArchive(google);
      const failure = new Error('the source broke');
      async function* breaking(): AsyncGenerator<Uint8Array> {
        yield* inPieces(Buffer.alloc(2 * PART + 5), 1_000_000);
        throw failure;
      }
      await expect(archive.put('a', breaking())).rejects.toBe(failure);
      expect(await archive.list('', { limit: 1 })).toEqual([]);
      await archive.put('a', content('again'));
    });

    test('a put that is refused for another reason says so to operators', async () => {
      const archive = await openArchive(google);
      google.faults.next({ method: 'objects.insert', code: 403 });
      await expect(archive.put('a', content('x'))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        cause: expect.any(Error),
      });
      await archive.put('a', content('x'));
    });

    test.each(['get', 'delete', 'list'] as const)(
      'a refused %s changes nothing and is no empty answer',
      async (what) => {
        const archive = await openArchive(google);
        await archive.put('a', content('x'));
        google.faults.next({ method: `objects.${what}`, code: 403 });
        const asked = what === 'list' ? archive.list('', { limit: 1 }) : archive[what]('a');
        await expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await archive.list('', { limit: 1 })).toEqual(['a']);
      },
    );

    test('a blob that was damaged on its way is not handed over as whole', async () => {
      const archive = await openArchive(google);
      await archive.put('a', content('original'));
      google.store.get('blobs', 'a').content.write('O');
      const read = Array.fromAsync((await archive.get('a'))!);
      await expect(read).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    test('a missing bucket is a failure, not an empty archive', async () => {
      const { host } = await google.listenAs();
      const archive = openStorageArchive({ project: 'p', bucket: 'none', endpoint: host });
      await expect(archive.list('', { limit: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(archive.put('a', content('x'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    test('a page is asked for with no more than it needs', async () => {
      const archive = await openArchive(google);
      for (const name of ['a', 'b', 'c']) await archive.put(name, content(name));
      const before = google.calls.length;
      expect(await archive.list('', { after: 'a', limit: 1 })).toEqual(['b']);
      expect(google.calls.slice(before)).toEqual(['objects.list']);
    });
  });
});

async function* inPieces(blob: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.length; at += length) yield blob.subarray(at, at + length);
}

async function* content(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
