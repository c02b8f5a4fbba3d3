import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import type { KeyScope } from './key-scope.ts';
import { hashToken, newRecordId, newToken, type RandomBytes } from './tokens.ts';

/** A key of a user. Only its SHA-256 is stored. */
export interface ApiKey {
  readonly key_id: string;
  readonly user_email: string;
  /** What it is for, in the user's words: `cli`, `console`. */
  readonly name: string;
  readonly hash: string;
  readonly created_at_ms: Millis;
  readonly expires_at_ms?: Millis;
  readonly revoked: boolean;
  readonly last_used_at_ms?: Millis;
  /** Absent: it may what its user may. */
  readonly scope?: KeyScope;
  /** Where the answer that told its text is kept for repeated requests; forgotten there with its end. */
  readonly answer_id?: string;
}

export const apiKeyRef = (keyId: string): Ref<ApiKey> => ({ collection: 'api-keys', id: keyId });
export const keysOfUser: DeclaredQuery<ApiKey> = { name: 'keysOfUser' };

/** A new key and its record. The text exists only here and in the caller's answer. */
export function newApiKey(
  random: RandomBytes,
  about: {
    readonly user_email: string;
    readonly name: string;
    readonly nowMs: Millis;
    readonly expires_at_ms?: Millis;
    readonly scope?: KeyScope;
    readonly answer_id?: string | undefined;
  },
): { readonly text: string; readonly key: ApiKey } {
  const key_id = newRecordId(random);
  const text = `rvy_${key_id}_${newToken(random)}`;
  const { nowMs, answer_id, ...rest } = about;
  const kept = answer_id === undefined ? {} : { answer_id };
  return { text, key: { key_id, ...rest, ...kept, hash: hashToken(text), created_at_ms: nowMs, revoked: false } };
}

/** The id inside a key's text; undefined when it has not the form of a key. */
export function keyIdOf(text: string): string | undefined {
  return /^rvy_([a-z2-7]{20})_[\w-]{43}$/.exec(text)?.[1];
}
