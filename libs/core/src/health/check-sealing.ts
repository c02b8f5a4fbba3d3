import type { SecretsStatus } from '@runvoy/protocol';
import { reseal, type ResealDeps } from '../secrets/reseal.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import type { Findings } from './health-probe.ts';

type SealingStatus = Pick<SecretsStatus, 'resealed_count' | 'unresealed_count'>;

export const NO_SEALING: SealingStatus = { resealed_count: 0, unresealed_count: 0 };

/** Less than a part of the report may take. */
const RESEAL_MS = 15_000;

/**
 * Goes on with what a rotation has left: values that an older key seals are sealed with the current one. What does not open is told by
 * the check of the secrets, which knows why.
 */
export async function checkSealing(
  { records, clock }: Omit<ResealDeps, 'vault'>,
  vault: SecretVault | undefined,
  noticed: (error: unknown, about: string) => void,
): Promise<Findings<SealingStatus>> {
  const done = vault && (await reseal({ records, clock, vault }, clock.now() + RESEAL_MS, noticed));
  const status = done ? { resealed_count: done.resealed, unresealed_count: done.remaining } : NO_SEALING;
  return { status, issues: [], unchecked: [] };
}
