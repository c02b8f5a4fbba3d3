import { createHash } from 'node:crypto';
import { LIMITS } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { Failure } from '../failure.ts';
import type { Ref } from '../records/records.ts';
import type { KeptAnswer } from './kept-answer.ts';

/** A call that makes something, with the `Idempotency-Key` it came with. */
export interface KeyedCall {
  /** Who calls: a user by one API key. Another key of theirs may be held to less, and an answer may hold a credential. */
  readonly by: string;
  /** Method and path, without query: `POST /api/v1/run`. */
  readonly route: string;
  readonly key: string;
  readonly body: unknown;
}

/** Fails, naming what is wrong, when a header cannot be an `Idempotency-Key`. */
export function requireKey(key: string): void {
  if (key === '') throw new Failure('INVALID_REQUEST', 'Idempotency-Key is empty.');
  if (key.length > LIMITS.idempotencyKeyChars) {
    throw new Failure(
      'UNPROCESSABLE',
      `Idempotency-Key is ${key.length} characters; the limit is ${LIMITS.idempotencyKeyChars}.`,
    );
  }
}

/** Where the answer to a call is kept. Keys are scoped to caller, method and route: two callers, or two routes, never meet. */
export function keptAnswerRef({ by, route, key }: Omit<KeyedCall, 'body'>): Ref<KeptAnswer> {
  const text = JSON.stringify([by, route, key]);
  return { collection: 'idempotency', id: createHash('sha256').update(text).digest('hex') };
}

/** How a caller is named in `KeyedCall.by`. */
export function keyedBy({ user, key_id }: Caller): string {
  return `${user.email} ${key_id}`;
}
