import type { SigningKeys } from '@runvoy/core';
import { openVaultKeys } from './vault-keys.ts';

/**
 * The key file from which session keys and tickets are signed; made on first use, in the form of the vault's.
 * To rotate, add a key and name it: the first of the others still verifies.
 */
export async function openSigningKeys(path: string): Promise<SigningKeys> {
  const { current, older } = await openVaultKeys(path);
  const [previous] = older;
  return {
    current: { id: current.id, secret: current.key },
    ...(previous === undefined ? {} : { previous: { id: previous.id, secret: previous.key } }),
  };
}
