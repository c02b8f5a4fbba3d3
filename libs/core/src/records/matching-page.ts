import { LIMITS } from '@runvoy/protocol';
import type { Cursor, DeclaredQuery, QueryArgs, Records, Stored } from './records.ts';

/** A query with what it is asked; what its index cannot tell is looked at record by record. */
export interface MatchPlan<T extends object> {
  readonly query: DeclaredQuery<T>;
  readonly args: Omit<QueryArgs, 'limit'>;
  readonly matches: (value: T) => boolean;
  /** The index alone does not decide: `matches` rules some out. */
  readonly hasRest: boolean;
}

/** What matches, and where the next ones begin. */
export interface MatchingPage<T> {
  readonly found: readonly T[];
  /** There may be more. A page can hold fewer than were asked for and still have a next one. */
  readonly next?: Cursor;
}

/** With more than the index can tell, records are read so many at a time, and at most so many for one page. */
const SCAN_PAGE = 200;
const SCAN_MOST = 2_000;

/**
 * The records of a plan that match, in its order; `limit` undefined: all there are. What only `matches` rules out is read and left out,
 * at most 2,000 for one page. The cursor belongs to its plan: with another it fails with `INVALID_REQUEST`.
 */
export async function matchingPage<T extends object>(
  records: Pick<Records, 'page'>,
  plan: MatchPlan<T>,
  { limit, after }: { readonly limit: number | undefined; readonly after?: Cursor | undefined },
): Promise<MatchingPage<T>> {
  const found: T[] = [];
  let from = after;
  for (let read = 0; found.length < (limit ?? Infinity);) {
    const wanted = (limit ?? Infinity) - found.length;
    const size = plan.hasRest ? SCAN_PAGE : Math.min(LIMITS.listPage, wanted);
    const page = await records.page(plan.query, { ...plan.args, limit: size }, from);
    read += page.records.length;
    const cut = cutAt(page.records, plan, wanted);
    found.push(
      ...page.records
        .slice(0, cut)
        .map(({ value }) => value)
        .filter(plan.matches),
    );
    if (cut < page.records.length) {
      // The cursor is to stand behind the last record shown, and a page only says where it ends itself.
      const { next } = await records.page(plan.query, { ...plan.args, limit: cut }, from);
      return { found, ...(next === undefined ? {} : { next }) };
    }
    from = page.next;
    if (from === undefined) return { found };
    if (limit !== undefined && read >= SCAN_MOST) break;
  }
  return { found, ...(from === undefined ? {} : { next: from }) };
}

/** How many of the records are needed for so many matches. */
function cutAt<T extends object>(records: readonly Stored<T>[], { matches }: MatchPlan<T>, wanted: number): number {
  let left = wanted;
  for (const [index, { value }] of records.entries()) {
    if (left === 0) return index;
    if (matches(value)) left -= 1;
  }
  return records.length;
}
