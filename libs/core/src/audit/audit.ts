import { newRecordId, type RandomBytes } from '../access/tokens.ts';
import type { Ref, Tx } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** Who did what to what. Never changed and never deleted by us. */
export interface AuditRecord {
  readonly at_ms: Millis;
  /** `<thing>.<verb>`: `dead-letter.drop`. */
  readonly action: string;
  readonly by: string;
  readonly request_id: string;
  /** The id of the thing. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, string>>;
}

const auditRef = (id: string): Ref<AuditRecord> => ({ collection: 'audit', id });

/** Puts the record into the transaction of what it tells: both are stored or neither. */
export function addToAudit(tx: Tx, random: RandomBytes, record: AuditRecord): void {
  tx.create(auditRef(newRecordId(random)), record);
}
