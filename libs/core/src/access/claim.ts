import { openAudit } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import { openForgetting } from '../idempotency/kept-answer.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Records, Ref } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { apiKeyRef, newApiKey } from './api-key.ts';
import type { KeyScope } from './key-scope.ts';
import { hashToken, newToken, type RandomBytes } from './tokens.ts';
import { userRef } from './user.ts';

/** How long a claim token opens anything. */
export const CLAIM_MS = 15 * 60_000;

/** A right to fetch a new API key, once. Stored by the hash of its token; the key itself is drawn when it is claimed. */
export interface Claim {
  readonly user_email: string;
  readonly key_name: string;
  /** What the key will be held to, and when it ends: no more and no later than the key that made the claim. */
  readonly scope?: KeyScope;
  readonly key_expires_at_ms?: Millis;
  readonly created_at_ms: Millis;
  readonly expires_at_ms: Millis;
  readonly used_at_ms?: Millis;
  /** Where the answer that told its token is kept for repeated requests; forgotten there with its use. */
  readonly answer_id?: string;
  /** Kept for a day after its use, so that a second try is told what happened. */
  readonly delete_at_ms: Millis;
}

const claimOfHash = (hash: string): Ref<Claim> => ({ collection: 'claims', id: hash });
const claimRef = (token: string): Ref<Claim> => claimOfHash(hashToken(token));
const DAY_MS = 86_400_000;

type AboutClaim = Pick<Claim, 'user_email' | 'key_name' | 'scope' | 'key_expires_at_ms'> & {
  readonly nowMs: Millis;
  readonly answer_id?: string | undefined;
};

/** Draws a claim for a user; the token exists only in the answer. */
export function newClaim(
  random: RandomBytes,
  about: AboutClaim,
): { readonly token: string; readonly ref: Ref<Claim>; readonly claim: Claim } {
  const token = newToken(random);
  return { token, ...claimForHash(hashToken(token), about) };
}

/** A claim for whoever has the token of this hash, drawn elsewhere: its text is known to nobody here. */
export function claimForHash(hash: string, about: AboutClaim): { readonly ref: Ref<Claim>; readonly claim: Claim } {
  const { nowMs, answer_id, ...rest } = about;
  const claim = {
    ...rest,
    ...(answer_id === undefined ? {} : { answer_id }),
    created_at_ms: nowMs,
    expires_at_ms: nowMs + CLAIM_MS,
    delete_at_ms: nowMs + CLAIM_MS + DAY_MS,
  };
  return { ref: claimOfHash(hash), claim };
}

/** A key's text, which exists only in this answer. */
export interface ClaimedKey {
  readonly api_key: string;
  readonly user_email: string;
}

/** Trades a token for a new API key. Fails with `CLAIM_NOT_FOUND` (unknown, expired, user revoked) or `CLAIM_USED`. */
export async function redeemClaim(
  { records, clock, random }: { records: Records; clock: Clock; random: RandomBytes },
  token: string,
  requestId: string,
  keep: Keep<ClaimedKey> = KEEP_NOTHING,
): Promise<ClaimedKey> {
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const claim = await tx.get(claimRef(token));
    const now = clock.now();
    if (!claim) throw new Failure('CLAIM_NOT_FOUND');
    if (claim.used_at_ms !== undefined) throw new Failure('CLAIM_USED');
    const user = await tx.get(userRef(claim.user_email));
    if (claim.expires_at_ms <= now || !user || user.revoked) throw new Failure('CLAIM_NOT_FOUND');
    const forget = await openForgetting(tx, claim.answer_id);
    const { text, key } = newApiKey(random, {
      user_email: user.email,
      name: claim.key_name,
      nowMs: now,
      answer_id: keep.id,
      ...(claim.scope === undefined ? {} : { scope: claim.scope }),
      ...(claim.key_expires_at_ms === undefined ? {} : { expires_at_ms: claim.key_expires_at_ms }),
    });
    const claimed = { api_key: text, user_email: user.email };
    // No longer than the token itself would have been good for.
    keep.put(tx, claimed, claim.expires_at_ms);
    forget();
    tx.set(claimRef(token), { ...claim, used_at_ms: now });
    tx.create(apiKeyRef(key.key_id), key);
    audit({
      at_ms: now,
      action: 'key.claim',
      by: { email: user.email, requestId },
      subject: key.key_id,
      details: { user: user.email, name: key.name },
    });
    return claimed;
  });
}
