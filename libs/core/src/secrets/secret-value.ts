import { secretRef, type Secret } from './secret.ts';
import type { SealContext, SecretVault } from './secret-vault.ts';

/** Seals a value for the record of this name and no other. */
export function sealValue(vault: SecretVault, name: string, value: string): Promise<Uint8Array> {
  return vault.seal(new TextEncoder().encode(value), contextOf(name));
}

/** Opens what `sealValue` sealed. Fails as `SecretVault.open` does. */
export async function openValue(vault: SecretVault, { name, sealed }: Secret): Promise<string> {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await vault.open(sealed, contextOf(name)));
}

function contextOf(name: string): SealContext {
  const { collection, id } = secretRef(name);
  return { collection, id, field: 'sealed' };
}
