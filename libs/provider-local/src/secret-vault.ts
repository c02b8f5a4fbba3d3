import { envelopeVault } from '@runvoy/core';
import type { SecretVault } from '@runvoy/core';
import { openVaultKeys } from './vault-keys.ts';

/**
 * A vault whose keys lie in a file that only its owner may read; the file is created when missing.
 *
 * Throws an Error fit to be shown when others may read the file, or when it does not hold keys.
 */
export async function openLocalVault(keyFile: string): Promise<SecretVault> {
  const keys = await openVaultKeys(keyFile);
  return envelopeVault({
    current: async () => keys.current,
    find: async (id) => keys.find(id),
    place: 'the key file',
  });
}
