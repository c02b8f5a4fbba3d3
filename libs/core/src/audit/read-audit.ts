import { LIMITS } from '@runvoy/protocol';
import { matchingPage, type MatchPlan } from '../records/matching-page.ts';
import type { Cursor, Records } from '../records/records.ts';
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

/** What somebody looks for. All of it has to be true of a record. */
export interface AuditFilter {
  readonly subject?: string;
  readonly by?: string;
  readonly action?: string;
  /** Not before and not after, ms since the epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Records, newest first, and where the older ones begin. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  readonly next?: Cursor;
}

/** Each has an index of its own. The first one given is asked: of the deeds to one thing there are fewest. */
const INDEXES = [
  ['subject', auditBySubject],
  ['by', auditByUser],
  ['action', auditByAction],
] as const;

/**
 * A page of what was done, newest first. One part of the filter is answered by an index; of the records that only the others rule out at
 * most 2,000 are read for one page, which may then be short and still name the next.
 */
export async function listAudit(
  records: Records,
  filter: AuditFilter,
  page: { readonly after?: string | undefined; readonly limit: number },
): Promise<AuditPage> {
  const { found, next } = await matchingPage(records, planOf(filter), { limit: page.limit, after: page.after });
  return { records: found, ...(next === undefined ? {} : { next }) };
}

function planOf(filter: AuditFilter): MatchPlan<AuditRecord> {
  const given = INDEXES.filter(([field]) => filter[field] !== undefined);
  const [first] = given;
  return {
    query: first === undefined ? auditNewestFirst : first[1],
    args: {
      ...(first === undefined ? {} : { equal: { [first[0]]: filter[first[0]]! } }),
      // Newest first: results begin at the later bound.
      ...(filter.toMs === undefined ? {} : { from: filter.toMs }),
      ...(filter.fromMs === undefined ? {} : { to: filter.fromMs }),
    },
    matches: (record) => given.every(([field]) => record[field] === filter[field]),
    hasRest: given.length > 1,
  };
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
