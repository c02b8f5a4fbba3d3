import { LIMITS, type CreateKeyRequest } from '@runvoy/protocol';
import { openAudit } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import { openForgetting } from '../idempotency/kept-answer.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Records, Tx } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { apiKeyRef, keysOfUser, newApiKey, type ApiKey } from './api-key.ts';
import { deedBy, type Asking } from './asking.ts';
import type { Caller } from './authenticate.ts';
import { countedScope, narrowed, newScope } from './key-scope.ts';
import { may, requirePermission } from './permissions.ts';
import type { RandomBytes } from './tokens.ts';
import { normalEmail, userRef } from './user.ts';

interface Deps {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** A key and its text, which exists only in this answer. */
export interface IssuedKey {
  readonly key: ApiKey;
  readonly api_key: string;
}

/**
 * A further key for the caller, or for `user` when the caller may manage keys of others. It never may more than the key that asks.
 * Fails with `NOT_FOUND` for a user there is not, `CONFLICT` beyond the keys a user may have, or naming the field that is wrong.
 */
export async function createKey(
  deps: Deps,
  request: CreateKeyRequest,
  { caller, requestId }: Asking,
  keep: Keep<IssuedKey> = KEEP_NOTHING,
): Promise<IssuedKey> {
  const email = normalEmail(request.user ?? caller.user.email);
  requirePermission(caller, 'keys.manage', [email]);
  const nowMs = deps.clock.now();
  const asked = newScope({
    ...(request.role === undefined ? {} : { ceiling: request.role }),
    ...(request.images === undefined ? {} : { images: request.images }),
    ...(request.secrets === undefined ? {} : { secrets: request.secrets }),
    ...(request.max_running === undefined ? {} : { max_running: request.max_running }),
  });
  const expires_at_ms = sooner(expiry(request.expires_in, nowMs), caller.key_expires_at_ms);
  const { text, key } = newApiKey(deps.random, {
    user_email: email,
    name: keyName(request.name),
    nowMs,
    ...(expires_at_ms === undefined ? {} : { expires_at_ms }),
    scope: narrowed(asked, caller.scope),
    answer_id: keep.id,
  });
  const issued = { key, api_key: text };
  await deps.records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const user = await tx.get(userRef(email));
    if (!user || user.revoked) throw new Failure('NOT_FOUND', 'user not found');
    await requireRoom(tx, email, nowMs);
    keep.put(tx, issued, expires_at_ms);
    tx.create(apiKeyRef(key.key_id), key);
    const limit = key.scope?.max_running;
    audit({
      at_ms: nowMs,
      action: 'key.create',
      by: deedBy({ caller, requestId }),
      subject: key.key_id,
      details: { user: email, name: key.name, ...(limit === undefined ? {} : { max_running: String(limit) }) },
    });
  });
  return issued;
}

/** The keys of the caller, or of `user`, oldest first, revoked and expired ones included. */
export async function listKeys({ records }: Pick<Deps, 'records'>, user: string | undefined, caller: Caller) {
  const email = normalEmail(user ?? caller.user.email);
  requirePermission(caller, 'keys.manage', [email]);
  return keysOf(records, email);
}

/** One key of the caller's, or of whom they may manage. Fails with `NOT_FOUND`, also for who may not. */
export async function readKey(records: Records, keyId: string, caller: Caller): Promise<ApiKey> {
  return requireKey({ get: async (ref) => (await records.get(ref))?.value }, keyId, caller);
}

/**
 * Revokes a key: it is refused from the next request on. Twice is no error. Fails with `NOT_FOUND`, also for who may not.
 * `requireState` is asked within the transaction and throws to refuse.
 */
export async function revokeKey(
  { records, clock }: Pick<Deps, 'records' | 'clock'>,
  keyId: string,
  by: Asking,
  requireState: (key: ApiKey) => void = () => undefined,
): Promise<ApiKey> {
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const key = await requireKey(tx, keyId, by.caller);
    requireState(key);
    if (key.revoked) return key;
    const forget = await openForgetting(tx, key.answer_id);
    const revoked = { ...key, revoked: true };
    forget();
    tx.set(apiKeyRef(keyId), revoked);
    const details = { user: key.user_email, name: key.name };
    audit({ at_ms: clock.now(), action: 'key.revoke', by: deedBy(by), subject: keyId, details });
    return revoked;
  });
}

/**
 * A key in the place of another, with its name, scope and time to live. The old one is refused after `overlapMs`; where its runs are
 * limited, those of both are counted together.
 * Fails with `NOT_FOUND`, and with `CONFLICT` for a key that is over.
 */
export async function rotateKey(
  deps: Deps,
  { keyId, overlapMs }: { readonly keyId: string; readonly overlapMs: number },
  { caller, requestId }: Asking,
  keep: Keep<IssuedKey> = KEEP_NOTHING,
  requireState: (key: ApiKey) => void = () => undefined,
): Promise<IssuedKey> {
  const nowMs = deps.clock.now();
  return deps.records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const old = await requireKey(tx, keyId, caller);
    requireState(old);
    if (isOver(old, nowMs)) throw new Failure('CONFLICT', `Key ${keyId} is revoked or has expired. Create another.`);
    const { user_email, name } = old;
    const lifeMs = old.expires_at_ms === undefined ? undefined : old.expires_at_ms - old.created_at_ms;
    // A key that is rotated by itself lives as long as it did anew; another key makes nothing that outlives itself.
    const bound = caller.key_id === keyId ? undefined : caller.key_expires_at_ms;
    const expires_at_ms = sooner(lifeMs === undefined ? undefined : nowMs + lifeMs, bound);
    const { text, key } = newApiKey(deps.random, {
      user_email,
      name,
      nowMs,
      ...(expires_at_ms === undefined ? {} : { expires_at_ms }),
      scope: narrowed(countedScope(keyId, old.scope), caller.scope),
      answer_id: keep.id,
    });
    const forget = await openForgetting(tx, old.answer_id);
    const issued = { key, api_key: text };
    keep.put(tx, issued, expires_at_ms);
    forget();
    tx.set(apiKeyRef(keyId), { ...old, expires_at_ms: Math.min(old.expires_at_ms ?? Infinity, nowMs + overlapMs) });
    tx.create(apiKeyRef(key.key_id), key);
    const details = { user: user_email, name, new_key_id: key.key_id };
    audit({ at_ms: nowMs, action: 'key.rotate', by: deedBy({ caller, requestId }), subject: keyId, details });
    return issued;
  });
}

/** Who may not, learns nothing about whether the key exists. */
async function requireKey(tx: Pick<Tx, 'get'>, keyId: string, caller: Caller): Promise<ApiKey> {
  const key = /^[a-z2-7]{20}$/.test(keyId) ? await tx.get(apiKeyRef(keyId)) : undefined;
  if (!key || !may(caller, 'keys.manage', [key.user_email])) {
    throw new Failure('NOT_FOUND', `No key ${keyId.slice(0, 80)} of yours. List them with "runvoy keys list".`);
  }
  return key;
}

async function requireRoom(tx: Tx, email: string, nowMs: Millis): Promise<void> {
  const living = (await keysOf(tx, email)).filter((key) => !isOver(key, nowMs));
  if (living.length < LIMITS.keysPerUser) return;
  throw new Failure(
    'CONFLICT',
    `${email} has ${living.length} keys already; the limit is ${LIMITS.keysPerUser}. Revoke one.`,
  );
}

async function keysOf(records: Pick<Tx, 'page'>, email: string): Promise<readonly ApiKey[]> {
  const keys: ApiKey[] = [];
  let from: string | undefined;
  do {
    const page = await records.page(keysOfUser, { equal: { user_email: email }, limit: LIMITS.listPage }, from);
    keys.push(...page.records.map(({ value }) => value));
    from = page.next;
  } while (from !== undefined);
  return keys;
}

function isOver(key: ApiKey, nowMs: Millis): boolean {
  return key.revoked || (key.expires_at_ms !== undefined && key.expires_at_ms <= nowMs);
}

function sooner(one: Millis | undefined, other: Millis | undefined): Millis | undefined {
  const soonest = Math.min(one ?? Infinity, other ?? Infinity);
  return soonest === Infinity ? undefined : soonest;
}

function keyName(text: string): string {
  const name = text.trim();
  if (name === '') throw new Failure('INVALID_REQUEST', 'name is required: what the key is for');
  if (name.length > LIMITS.keyNameChars || /\p{Cc}/u.test(name)) {
    throw new Failure('UNPROCESSABLE', `name has 1 to ${LIMITS.keyNameChars} characters and no control characters.`);
  }
  return name;
}

function expiry(seconds: number | undefined, nowMs: Millis): Millis | undefined {
  if (seconds === undefined || seconds === 0) return undefined;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > LIMITS.keyLifeMaxS) {
    throw new Failure(
      'UNPROCESSABLE',
      `expires_in is 1 to ${LIMITS.keyLifeMaxS} seconds, or 0 for never; got ${seconds}.`,
    );
  }
  return nowMs + seconds * 1000;
}
