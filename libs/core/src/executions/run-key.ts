import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { hashBody, IDEMPOTENCY_MS, idempotencyRef } from '../idempotency/idempotency.ts';
import type { Records, Tx } from '../records/records.ts';
import { executionRef, type Execution } from './execution.ts';
import type { Submission } from './submission.ts';

/** What a key is looked up and kept with. */
type AskedRun = Pick<Submission, 'caller' | 'idempotencyKey' | 'asked'> & { readonly request?: Submission['request'] };

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
export async function storedEarlier(records: Records, submission: AskedRun): Promise<Execution | undefined> {
  const { idempotencyKey } = submission;
  if (idempotencyKey === undefined) return undefined;
  const record = (await records.get(keyRef(submission, idempotencyKey)))?.value;
  if (!record) return undefined;
  if (record.body_hash !== hashBody(askedBy(submission).body))
    throw new Failure('IDEMPOTENCY_CONFLICT', idempotencyKey);
  return (await records.get(executionRef(record.execution_id)))?.value;
}

/** Puts the key into the transaction that stores its run. */
export function rememberKey(tx: Tx, submission: AskedRun, execution: Execution): void {
  const { idempotencyKey } = submission;
  if (idempotencyKey === undefined) return;
  tx.create(keyRef(submission, idempotencyKey), {
    body_hash: hashBody(askedBy(submission).body),
    execution_id: execution.execution_id,
    delete_at_ms: execution.started_at_ms + IDEMPOTENCY_MS,
  });
}

function askedBy({ asked, request }: AskedRun): { readonly route: string; readonly body: unknown } {
  return asked ?? { route: 'POST /api/v1/run', body: request };
}

function keyRef(submission: AskedRun, key: string) {
  return idempotencyRef({ user_email: submission.caller.user.email, route: askedBy(submission).route, key });
}
