import { expect, test } from '@jest/globals';
import type { SealContext, SecretVault } from '../src/secrets/secret-vault.ts';

const PLACE: SealContext = { collection: 'run-inputs', id: 'a', field: 'sealed' };

/** What every vault promises. */
export function secretVaultContract(open: () => Promise<SecretVault & AsyncDisposable>): void {
  test.each([0, 1, 15, 16, 17, 262_144])('%i bytes open as they were sealed', async (length) => {
    await using vault = await open();
    const plain = Uint8Array.from({ length }, (_, index) => (index * 13) % 256);
    const opened = await vault.open(await vault.seal(plain, PLACE), PLACE);
    expect(Buffer.compare(opened, plain)).toBe(0);
  });

  test('a sealed value shows nothing of the plain one, and is never the same twice', async () => {
    await using vault = await open();
    const plain = Buffer.from('correct horse battery staple');
    const [first, second] = [await vault.seal(plain, PLACE), await vault.seal(plain, PLACE)];
    expect(Buffer.from(first).includes(plain)).toBe(false);
    expect(Buffer.compare(first, second)).not.toBe(0);
  });

  test.each<[string, SealContext]>([
    ['collection', { ...PLACE, collection: 'secrets' }],
    ['record', { ...PLACE, id: 'b' }],
    ['field', { ...PLACE, field: 'other' }],
    ['split of the same letters', { collection: 'run-inputsa', id: '', field: 'sealed' }],
  ])('a value sealed for one place does not open at another %s', async (_, place) => {
    await using vault = await open();
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    await expect(vault.open(sealed, place)).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
      cause: expect.any(Error),
    });
  });

  test('a value with any one byte changed does not open', async () => {
    await using vault = await open();
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed);
      changed[index] = changed[index]! ^ 0x01;
      await expect(vault.open(changed, PLACE)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    }
  });

  test('a value cut short, made longer or never sealed does not open', async () => {
    await using vault = await open();
    const sealed = await vault.seal(Buffer.from('secret'), PLACE);
    for (const wrong of [
      sealed.subarray(0, -1),
      sealed.subarray(0, 8),
      Buffer.concat([sealed, Buffer.from('A')]),
      Buffer.alloc(0),
      Buffer.from('v1.x.y.z'),
    ]) {
      await expect(vault.open(wrong, PLACE)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    }
  });
}
