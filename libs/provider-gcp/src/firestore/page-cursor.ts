import { createHash } from 'node:crypto';
import { Failure } from '@runvoy/core';
import type { Cursor, IndexableValue, NamedQuery, QueryBounds } from '@runvoy/core';

/** The place of one record in the order of a query. */
export interface CursorKey {
  /** The values of the query's order fields. */
  readonly values: readonly IndexableValue[];
  readonly id: string;
}

const FINGERPRINT_BYTES = 8;

/** Where the page after this record begins. */
export function cursorAt(query: NamedQuery, args: QueryBounds, { values, id }: CursorKey): Cursor {
  return Buffer.concat([fingerprint(query, args), Buffer.from(JSON.stringify([...values, id]))]).toString('base64url');
}

/** What the cursor names. Fails with `INVALID_REQUEST` when it is not one of this query with these arguments. */
export function keyOf(query: NamedQuery, args: QueryBounds, cursor: Cursor): CursorKey {
  const bytes = Buffer.from(cursor, 'base64url');
  const isOurs =
    bytes.toString('base64url') === cursor &&
    bytes.subarray(0, FINGERPRINT_BYTES).equals(fingerprint(query, args)) &&
    bytes.length > FINGERPRINT_BYTES;
  const key = isOurs ? parsed(bytes.subarray(FINGERPRINT_BYTES)) : undefined;
  const id = key?.at(-1);
  if (key?.length !== query.declaration.order.length + 1 || typeof id !== 'string' || !key.every(isIndexable)) {
    throw new Failure('INVALID_REQUEST', 'The page token does not belong to this query. Start again without one.');
  }
  return { values: key.slice(0, -1) as IndexableValue[], id };
}

function parsed(bytes: Buffer): unknown[] | undefined {
  try {
    const key: unknown = JSON.parse(bytes.toString('utf8'));
    return Array.isArray(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

function isIndexable(value: unknown): boolean {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

function fingerprint({ name, declaration }: NamedQuery, args: QueryBounds): Buffer {
  const oneOf = [...new Set((args.oneOf ?? []).map((value) => JSON.stringify(value)))].sort();
  const equal = declaration.equal.map((field) => args.equal?.[field]);
  const bounds = [args.from, args.after, args.to].map((bound) => (bound === undefined ? [] : [bound]));
  const asked = JSON.stringify([name, declaration, equal, oneOf, bounds]);
  return createHash('sha256').update(asked).digest().subarray(0, FINGERPRINT_BYTES);
}
