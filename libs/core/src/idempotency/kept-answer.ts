import type { FieldValue, Ref, Tx } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** What was made under an `Idempotency-Key`; stored in the transaction that made it. */
export interface KeptAnswer {
  /** The secret of this record, sealed by the vault. */
  readonly sealed: Uint8Array;
  /** Tells another body under the same key. Keyed with the secret: a bare hash of a short password would be as good as the password. */
  readonly body_mac: string;
  /** What was made, where nothing in it is a credential. */
  readonly made?: { readonly [field: string]: FieldValue | undefined };
  /** What was made, under the record's secret. Gone when the credential in it is over. */
  readonly hidden?: string;
  /** When the credential in it is over by itself. */
  readonly until_ms?: Millis;
  readonly delete_at_ms: Millis;
}

/**
 * For whoever ends a credential, within a transaction and before its first write: answers with what forgets the text that is kept of
 * it. The key stays taken, so that the call does not make another. `id` undefined: nothing is kept, and nothing is read.
 */
export async function openForgetting(tx: Tx, id: string | undefined): Promise<() => void> {
  if (id === undefined) return () => undefined;
  const ref: Ref<KeptAnswer> = { collection: 'idempotency', id };
  const kept = await tx.get(ref);
  if (kept?.hidden === undefined) return () => undefined;
  const { hidden: _, ...rest } = kept;
  return () => tx.set(ref, rest);
}
