import { LIMITS } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import { openValue } from './secret-value.ts';
import type { SecretVault } from './secret-vault.ts';
import { secretRef, type Secret } from './secret.ts';
import { mayUse } from './secrets.ts';

/** What a run is given of the secrets it names. */
export interface RunSecrets {
  readonly names: readonly string[];
  /** Values by variable. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads the secrets that a run names, as they are now: the run keeps these values whatever becomes of the secrets.
 * Fails with `SECRET_NOT_FOUND` for one that does not exist or that the caller may not use (nobody learns which), and with
 * `UNPROCESSABLE` when two of them want one variable.
 */
export async function readRunSecrets(
  deps: { readonly records: Records; readonly vault: SecretVault },
  asked: readonly string[],
  caller: Caller,
): Promise<RunSecrets> {
  if (asked.length > LIMITS.secretsPerRun) {
    throw new Failure('UNPROCESSABLE', `secrets has ${asked.length} names; the limit is ${LIMITS.secretsPerRun}.`);
  }
  const names = [...new Set(asked.map((name) => name.trim()))];
  if (names.includes('')) throw new Failure('INVALID_REQUEST', 'secret names cannot be empty');
  const secrets = await Promise.all(names.map((name) => usable(deps.records, name, caller)));
  const byKey = new Map<string, Secret>();
  for (const secret of secrets) {
    const other = byKey.get(secret.key_name);
    if (other) {
      throw new Failure(
        'UNPROCESSABLE',
        `Secrets ${other.name} and ${secret.name} both go into ${secret.key_name}. Name one of them, or change a key_name.`,
      );
    }
    byKey.set(secret.key_name, secret);
  }
  const values = await Promise.all(
    secrets.map(async (secret) => [secret.key_name, await openValue(deps.vault, secret)] as const),
  );
  return { names, values: Object.fromEntries(values) };
}

async function usable(records: Records, name: string, caller: Caller): Promise<Secret> {
  const secret = (await records.get(secretRef(name)))?.value;
  if (!secret || !mayUse(caller, secret)) throw new Failure('SECRET_NOT_FOUND', name.slice(0, 80));
  return secret;
}
