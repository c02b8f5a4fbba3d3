import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { DeclaredQuery, Page, QueryArgs, Records } from '../records/records.ts';
import {
  auditByAction,
  auditBySubject,
  auditByUser,
  auditHeadRef,
  auditNewestFirst,
  auditRef,
  hashOf,
  NO_AUDIT,
  type AuditRecord,
} from './audit.ts';

/** What somebody looks for. One of the three at most: each has an index of its own. */
export interface AuditFilter {
  readonly subject?: string;
  readonly by?: string;
  readonly action?: string;
  /** Not before and not after, ms since the epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const FILTERS = {
  subject: { query: auditBySubject, field: 'subject' },
  by: { query: auditByUser, field: 'by' },
  action: { query: auditByAction, field: 'action' },
} as const;

/** A page of what was done, newest first. Fails with `INVALID_REQUEST` for more than one of subject, by and action. */
export function listAudit(
  records: Records,
  filter: AuditFilter,
  page: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<AuditRecord>> {
  const { query, equal } = queryFor(filter);
  const args: QueryArgs = {
    limit: page.limit,
    ...(equal === undefined ? {} : { equal }),
    // Newest first: results begin at the later bound.
    ...(filter.toMs === undefined ? {} : { from: filter.toMs }),
    ...(filter.fromMs === undefined ? {} : { to: filter.fromMs }),
  };
  return records.page(query, args, page.after);
}

function queryFor(filter: AuditFilter): {
  readonly query: DeclaredQuery<AuditRecord>;
  readonly equal?: Readonly<Record<string, string>>;
} {
  const given = (['subject', 'by', 'action'] as const).filter((name) => filter[name] !== undefined);
  if (given.length > 1) {
    throw new Failure('INVALID_REQUEST', `Give one of subject, by and action; got ${given.join(' and ')}.`);
  }
  const [name] = given;
  if (name === undefined) return { query: auditNewestFirst };
  const { query, field } = FILTERS[name];
  return { query, equal: { [field]: filter[name]! } };
}

/** What became of the chain. */
export interface AuditVerdict {
  readonly intact: boolean;
  readonly records: number;
  readonly head: string;
  readonly broken?: { readonly seq: number; readonly why: string };
}

/** Walks the whole chain from its first record and says where it breaks. Costs one read a record. */
export async function verifyAudit(records: Records): Promise<AuditVerdict> {
  const head = (await records.get(auditHeadRef))?.value ?? NO_AUDIT;
  let before = NO_AUDIT.hash;
  for (let from = 1; from <= head.seq; from += LIMITS.listPage) {
    const seqs = Array.from({ length: Math.min(LIMITS.listPage, head.seq - from + 1) }, (_, index) => from + index);
    for (const [index, stored] of (await Promise.all(seqs.map((seq) => records.get(auditRef(seq))))).entries()) {
      const seq = seqs[index]!;
      const why = flawOf(stored?.value, seq, before);
      if (why !== undefined) return { intact: false, records: head.seq, head: head.hash, broken: { seq, why } };
      before = stored!.value.hash;
    }
  }
  if (before === head.hash) return { intact: true, records: head.seq, head: head.hash };
  const broken = { seq: head.seq, why: 'the last record is not the one that the end of the chain names' };
  return { intact: false, records: head.seq, head: head.hash, broken };
}

function flawOf(record: AuditRecord | undefined, seq: number, before: string): string | undefined {
  if (!record) return 'the record is gone';
  if (record.seq !== seq) return `the record says it is number ${record.seq}`;
  if (record.previous !== before) return 'it does not name the record before it';
  if (hashOf(record) !== record.hash) return 'it was changed';
  return undefined;
}
