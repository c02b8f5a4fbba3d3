import { Failure, isFailure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { apiKeyRef, keyIdOf, type ApiKey } from './api-key.ts';
import { countedScope, lesserRole, type KeyScope } from './key-scope.ts';
import { hashToken, sameHash } from './tokens.ts';
import { userRef, type User } from './user.ts';

/** Who calls: read with the key at every request, so that a revocation holds from the next one on every instance. */
export interface Caller {
  /** With the role that the key counts as, which may be less than the user's. */
  readonly user: User;
  readonly key_id: string;
  /** What the key is held to besides. */
  readonly scope: KeyScope;
  /** When the key ends. What it makes ends with it. */
  readonly key_expires_at_ms?: Millis;
}

const LAST_USED_EVERY_MS = 60_000;

/**
 * Finds out who holds the key. Fails with `UNAUTHORIZED` (none given), `INVALID_API_KEY`, `API_KEY_REVOKED`, or
 * `STORE_UNAVAILABLE`: a store that does not answer never looks like a bad key.
 */
export async function authenticate(
  { records, clock }: { records: Records; clock: Clock },
  keyText: string | undefined,
): Promise<Caller> {
  if (keyText === undefined || keyText === '') throw new Failure('UNAUTHORIZED', 'API key is required');
  const keyId = keyIdOf(keyText);
  const stored = keyId === undefined ? undefined : await records.get(apiKeyRef(keyId));
  if (!stored || !sameHash(stored.value.hash, hashToken(keyText))) throw new Failure('INVALID_API_KEY');
  const caller = await requireLiving({ records, clock }, stored.value);
  await noteUse({ records, clock }, stored.value, stored.version);
  return caller;
}

/**
 * The caller behind a key id that was checked earlier, if key and user still stand: open streams ask this every 30 s.
 * Fails with `API_KEY_REVOKED` or `INVALID_API_KEY`.
 */
export async function reauthenticate(
  { records, clock }: { records: Records; clock: Clock },
  keyId: string,
): Promise<Caller> {
  const stored = await records.get(apiKeyRef(keyId));
  if (!stored) throw new Failure('INVALID_API_KEY');
  return requireLiving({ records, clock }, stored.value);
}

async function requireLiving({ records, clock }: { records: Records; clock: Clock }, key: ApiKey): Promise<Caller> {
  const user = (await records.get(userRef(key.user_email)))?.value;
  if (!user || key.revoked || user.revoked) throw new Failure('API_KEY_REVOKED');
  if (key.expires_at_ms !== undefined && key.expires_at_ms <= clock.now()) throw new Failure('INVALID_API_KEY');
  const { key_id, expires_at_ms } = key;
  const scope = countedScope(key_id, key.scope);
  return {
    user: { ...user, role: lesserRole(user.role, scope.ceiling) },
    key_id,
    scope,
    ...(expires_at_ms === undefined ? {} : { key_expires_at_ms: expires_at_ms }),
  };
}

/** At most one write a minute and key; losing one, to a race or to a full disk, is no loss. */
async function noteUse(
  { records, clock }: { records: Records; clock: Clock },
  key: ApiKey,
  version: string,
): Promise<void> {
  const now = clock.now();
  if (now - (key.last_used_at_ms ?? 0) < LAST_USED_EVERY_MS) return;
  try {
    await records.compareAndSet(apiKeyRef(key.key_id), version, { ...key, last_used_at_ms: now });
  } catch (error) {
    if (!isFailure(error, 'STORE_UNAVAILABLE')) throw error;
  }
}
