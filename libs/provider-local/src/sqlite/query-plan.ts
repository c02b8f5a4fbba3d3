import { createHash } from 'node:crypto';
import { checkQueryArgs, Failure } from '@runvoy/core';
import type { Cursor, IndexableValue, OrderBy, QueryBounds } from '@runvoy/core';
import { groupKey } from './index-entries.ts';
import type { IndexedQuery } from './index-entries.ts';
import { keyAfter, keyAfterPrefix, orderKeyPart } from './order-key.ts';

/** What a query with its arguments comes to: a range of order keys within one or several groups of its index. */
export interface QueryPlan {
  readonly query: IndexedQuery;
  /** One key for each value of `oneOf`; otherwise a single one. */
  readonly groups: readonly Buffer[];
  /** Bounds on what follows the group in a key: from here, inclusive. */
  readonly begin: Buffer;
  /** Up to here, exclusive. */
  readonly end: Buffer;
  /** Marks this query's cursors, so that one of another query or other arguments is noticed. Most pages have none. */
  readonly fingerprint: () => Buffer;
}

const FINGERPRINT_BYTES = 8;
const NO_BEGIN = Buffer.alloc(0);
const NO_END = Buffer.of(0xff);

/** Fails with `RECORDS_MISUSED` when the arguments are not the ones the query declares. */
export function planQuery(query: IndexedQuery, args: QueryBounds): QueryPlan {
  checkQueryArgs(query, args);
  const { declaration } = query;
  const of = (field: string) => args.equal![field]!;
  const groups =
    declaration.oneOf === undefined
      ? [groupKey(declaration, of, undefined)]
      : distinct(args.oneOf!.map((value) => groupKey(declaration, of, value)));

  const first = declaration.order[0];
  const begin = beginOf(first, args);
  const end = args.to === undefined ? NO_END : keyAfterPrefix(bound(first, args.to));
  return { query, groups, begin, end, fingerprint: () => fingerprint(query, groups, begin, end) };
}

/** Where the page after one that ended with this key begins. */
export function cursorAt(plan: QueryPlan, orderKey: Uint8Array): Cursor {
  return Buffer.concat([plan.fingerprint(), orderKey]).toString('base64url');
}

/** The plan for what follows the cursor. Fails with `INVALID_REQUEST` when the cursor is not one of this query. */
export function planFrom(plan: QueryPlan, cursor: Cursor): QueryPlan {
  const bytes = Buffer.from(cursor, 'base64url');
  const isOurs =
    bytes.length > FINGERPRINT_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(0, FINGERPRINT_BYTES).equals(plan.fingerprint());
  if (!isOurs) {
    throw new Failure('INVALID_REQUEST', 'The page token does not belong to this query. Start again without one.');
  }
  return { ...plan, begin: keyAfter(bytes.subarray(FINGERPRINT_BYTES)) };
}

function beginOf(first: OrderBy | undefined, args: QueryBounds): Buffer {
  if (args.from !== undefined) return bound(first, args.from);
  if (args.after !== undefined) return keyAfterPrefix(bound(first, args.after));
  return NO_BEGIN;
}

function bound(first: OrderBy | undefined, value: IndexableValue): Buffer {
  return orderKeyPart(value, first?.direction ?? 'asc');
}

function distinct(keys: readonly Buffer[]): Buffer[] {
  return keys.filter((key, index) => keys.findIndex((other) => other.equals(key)) === index);
}

function fingerprint(query: IndexedQuery, groups: readonly Buffer[], begin: Buffer, end: Buffer): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([query.name, query.declaration]));
  for (const key of [begin, end, ...groups.toSorted((a, b) => a.compare(b))]) {
    // The length first: keys joined without it could pass for others.
    hash.update(`${key.length}:`).update(key);
  }
  return hash.digest().subarray(0, FINGERPRINT_BYTES);
}
