import { auditBody, type AuditRecord } from './audit.ts';

/** The field by which a sink tells these lines from all others: `jsonPayload.runvoy_record="audit"`. */
export const AUDIT_LINE = 'audit';

/**
 * An audit record as one line of JSON in the form that Cloud Logging reads. Its `insertId` is the record's number, so that a line that
 * is written twice is shown once. It says who did what to what, and no value: audit records have none.
 */
export function auditLine(record: AuditRecord): string {
  const audit = auditBody(record);
  const entry = {
    severity: 'NOTICE',
    message: `${audit.by}: ${audit.action} ${audit.subject}`,
    time: audit.at,
    'logging.googleapis.com/insertId': `audit-${audit.seq}`,
    runvoy_record: AUDIT_LINE,
    audit,
  };
  return `${JSON.stringify(entry)}\n`;
}
