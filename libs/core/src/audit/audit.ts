import { createHash } from 'node:crypto';
import { auditText, type AuditBody } from '@runvoy/protocol';
import type { DeclaredQuery, Ref, Tx } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** Who asked, and in which request. */
export interface ActedBy {
  readonly email: string;
  readonly requestId: string;
  /** Absent for what was done beside the API. */
  readonly keyId?: string;
}

/** What was done, to what, by whom. */
export interface Deed {
  readonly at_ms: Millis;
  /** `<thing>.<verb>`: `user.create`. */
  readonly action: string;
  readonly by: ActedBy;
  /** The id of the thing. */
  readonly subject: string;
  /** Never a value that is secret. */
  readonly details?: Readonly<Record<string, string>>;
}

/** A change as it is kept: never changed and never deleted by us. */
export interface AuditRecord {
  readonly seq: number;
  readonly at_ms: Millis;
  readonly action: string;
  readonly by: string;
  readonly key_id?: string;
  readonly request_id: string;
  readonly subject: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly previous: string;
  readonly hash: string;
}

/** The end of the chain. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

export const auditHeadRef: Ref<AuditHead> = { collection: 'settings', id: 'audit-head' };
/** The number is the id, so that no two records can take one place in the chain. */
export const auditRef = (seq: number): Ref<AuditRecord> => ({ collection: 'audit', id: `a${seq}` });
export const auditNewestFirst: DeclaredQuery<AuditRecord> = { name: 'auditNewestFirst' };
export const auditBySubject: DeclaredQuery<AuditRecord> = { name: 'auditBySubject' };
export const auditByUser: DeclaredQuery<AuditRecord> = { name: 'auditByUser' };
export const auditOfRequest: DeclaredQuery<AuditRecord> = { name: 'auditOfRequest' };
export const auditByAction: DeclaredQuery<AuditRecord> = { name: 'auditByAction' };

/** What stands before the first record. */
export const NO_AUDIT: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/**
 * Reads the end of the chain and answers with what adds one record behind it, in this same transaction: what is told and its telling
 * are stored both or neither. Called before the transaction's first write; one deed a transaction.
 */
export async function openAudit(tx: Tx): Promise<(deed: Deed) => void> {
  const head = (await tx.get(auditHeadRef)) ?? NO_AUDIT;
  return (deed) => {
    const record = newAuditRecord(head, deed);
    tx.create(auditRef(record.seq), record);
    tx.set(auditHeadRef, { seq: record.seq, hash: record.hash });
  };
}

function newAuditRecord(head: AuditHead, { at_ms, action, by, subject, details }: Deed): AuditRecord {
  const record = {
    seq: head.seq + 1,
    at_ms,
    action,
    by: by.email,
    ...(by.keyId === undefined ? {} : { key_id: by.keyId }),
    request_id: by.requestId,
    subject,
    ...(details === undefined ? {} : { details }),
    previous: head.hash,
    hash: '',
  };
  return { ...record, hash: hashOf(record) };
}

/** The hash that a record should have. */
export function hashOf(record: AuditRecord): string {
  return createHash('sha256')
    .update(auditText(auditBody(record)))
    .digest('hex');
}

/** A record as the API shows it. */
export function auditBody({ at_ms, ...rest }: AuditRecord): AuditBody {
  return { ...rest, at: new Date(at_ms).toISOString() };
}
