import { envelopeVault } from '@runvoy/core';
import type { SecretVault } from '@runvoy/core';
import { secretManagerKeys } from './vault-keys.ts';
import type { SecretManagerKeysOptions } from './vault-keys.ts';

/**
 * A vault whose data keys are versions of one secret in Secret Manager, `<prefix>-data-key`. Nothing is asked of Secret Manager
 * before the first value is sealed or opened; each version is read once per process.
 *
 * A value that cannot be opened because Secret Manager does not answer fails with `STORE_UNAVAILABLE`.
 */
export function openSecretManagerVault(options: SecretManagerKeysOptions): SecretVault {
  return envelopeVault(secretManagerKeys(options));
}
