import { envelopeVault } from '@runvoy/core';
import type { SecretVault } from '@runvoy/core';
import { addVaultKey, openVaultKeys } from './vault-keys.ts';

/**
 * A vault whose keys lie in a file that only its owner may read; the file is created when missing.
 *
 * Throws an Error fit to be shown when others may read the file, or when it does not hold keys.
 */
export async function openLocalVault(keyFile: string): Promise<SecretVault> {
  let keys = await openVaultKeys(keyFile);
  let adding: Promise<unknown> = Promise.resolve();
  const add = async () => {
    keys = await addVaultKey(keyFile);
    return keys.current;
  };
  return envelopeVault({
    current: async () => keys.current,
    find: async (id) => keys.find(id),
    isOlder: async (id) => keys.older.some((older) => older.id === id),
    add: () => {
      // One after the other: each reads the file that the one before has written.
      const added = adding.then(add);
      adding = added.catch(() => undefined);
      return added;
    },
    place: 'the key file',
  });
}
