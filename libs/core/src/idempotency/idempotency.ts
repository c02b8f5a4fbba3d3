import { createHash } from 'node:crypto';
import type { Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** How long a key is remembered. */
export const IDEMPOTENCY_MS = 86_400_000;

/** What was made under an `Idempotency-Key`; stored in the transaction that made it. */
export interface IdempotencyRecord {
  readonly body_hash: string;
  readonly execution_id: string;
  readonly delete_at_ms: Millis;
}

/** Keys are scoped to caller, method and route: two people, or two routes, never meet. */
export function idempotencyRef(scope: {
  readonly user_email: string;
  readonly route: string;
  readonly key: string;
}): Ref<IdempotencyRecord> {
  const text = JSON.stringify([scope.user_email, scope.route, scope.key]);
  return { collection: 'idempotency', id: createHash('sha256').update(text).digest('hex') };
}

/** Tells the same request from another under the same key, whatever the order of its fields. */
export function hashBody(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sortFields(body)))
    .digest('hex');
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sortFields(field)]),
  );
}
