import type { SigningKeys } from '@runvoy/core';
import { openVaultKeys } from './vault-keys.ts';

/** The key file from which session keys and tickets are signed; made on first use, in the form of the vault's. */
export async function openSigningKeys(path: string): Promise<SigningKeys> {
  const { current } = await openVaultKeys(path);
  return { current: { id: current.id, secret: current.key } };
}
