import { LIMITS } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { Failure } from '../failure.ts';
import { hashBody, IDEMPOTENCY_MS, idempotencyRef } from '../idempotency/idempotency.ts';
import type { Records, Tx } from '../records/records.ts';
import { executionRef, type Execution } from './execution.ts';
import type { Submission } from './submission.ts';

/** Fails, naming what is wrong, when the caller's `Idempotency-Key` cannot be one. */
export function requireKey(key: string | undefined): void {
  if (key === undefined) return;
  if (key === '') throw new Failure('INVALID_REQUEST', 'Idempotency-Key is empty.');
  if (key.length > LIMITS.idempotencyKeyChars) {
    throw new Failure(
      'UNPROCESSABLE',
      `Idempotency-Key is ${key.length} characters; the limit is ${LIMITS.idempotencyKeyChars}.`,
    );
  }
}

/** The run that was stored with this key and body; fails with `IDEMPOTENCY_CONFLICT` for another body. */
export async function storedEarlier(
  records: Records,
  { request, caller, idempotencyKey }: Submission,
): Promise<Execution | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const record = (await records.get(keyRef(caller, idempotencyKey)))?.value;
  if (!record) return undefined;
  if (record.body_hash !== hashBody(request)) throw new Failure('IDEMPOTENCY_CONFLICT', idempotencyKey);
  return (await records.get(executionRef(record.execution_id)))?.value;
}

/** Puts the key into the transaction that stores its run. */
export function rememberKey(tx: Tx, { request, caller, idempotencyKey }: Submission, execution: Execution): void {
  if (idempotencyKey === undefined) return;
  tx.create(keyRef(caller, idempotencyKey), {
    body_hash: hashBody(request),
    execution_id: execution.execution_id,
    delete_at_ms: execution.started_at_ms + IDEMPOTENCY_MS,
  });
}

function keyRef(caller: Caller, key: string) {
  return idempotencyRef({ user_email: caller.user.email, route: 'POST /api/v1/run', key });
}
