import { checkQueryArgs, listedField } from '@runvoy/core';
import type { IndexableValue, NamedQuery, QueryBounds } from '@runvoy/core';
import type { DocumentShapes } from './document-shapes.ts';
import { fieldOf } from './document-value.ts';
import type { FieldProto } from './document-value.ts';
import type { CursorKey } from './page-cursor.ts';

type FilterProto = object;

interface CursorProto {
  readonly values: readonly FieldProto[];
  readonly before: boolean;
}

/** A query as Firestore's API takes it (`google.firestore.v1.StructuredQuery`). */
export interface QueryProto {
  readonly from: readonly { readonly collectionId: string }[];
  readonly where?: FilterProto;
  readonly orderBy: readonly { readonly field: { readonly fieldPath: string }; readonly direction: string }[];
  readonly startAt?: CursorProto;
  readonly endAt?: CursorProto;
  readonly limit?: number | { readonly value: number };
}

/**
 * The declared query with its arguments. Bounds become cursors and not comparisons: a comparison finds values of its own type
 * only, a cursor follows the order across types.
 */
export function structuredQuery(
  shapes: DocumentShapes,
  query: NamedQuery,
  args: QueryBounds,
  behind?: CursorKey,
): QueryProto {
  checkQueryArgs(query, args);
  const { declaration } = query;
  const filters = declaration.equal.map((field) => equals(field, args.equal![field]!));
  for (const field of listedField(declaration)) filters.push(holds(field, args.equal![field]!));
  if (declaration.oneOf !== undefined) filters.push(isOneOf(declaration.oneOf, args.oneOf!));
  const where = all(filters);
  const startAt = behind ? behindKey(shapes, query, behind) : beginning(args);
  return {
    from: [{ collectionId: shapes.collectionId(declaration.collection) }],
    ...(where === undefined ? {} : { where }),
    orderBy: orderOf(query),
    ...(startAt === undefined ? {} : { startAt }),
    // The end is inclusive, for all that tie with it.
    ...(args.to === undefined ? {} : { endAt: { values: [fieldOf(args.to)], before: false } }),
  };
}

/** Ids break ties in the direction of the last field; said explicitly, so that a cursor may name one. */
function orderOf({ declaration }: NamedQuery): QueryProto['orderBy'] {
  const last = declaration.order.at(-1)?.direction ?? 'asc';
  return [...declaration.order, { field: '__name__', direction: last }].map(({ field, direction }) => ({
    field: { fieldPath: field },
    direction: direction === 'asc' ? 'ASCENDING' : 'DESCENDING',
  }));
}

function beginning(args: QueryBounds): CursorProto | undefined {
  if (args.from !== undefined) return { values: [fieldOf(args.from)], before: true };
  if (args.after !== undefined) return { values: [fieldOf(args.after)], before: false };
  return undefined;
}

function behindKey(shapes: DocumentShapes, { declaration }: NamedQuery, { values, id }: CursorKey): CursorProto {
  const name = { referenceValue: shapes.documentName(declaration.collection, id) };
  return { values: [...values.map(fieldOf), name], before: false };
}

function equals(field: string, value: IndexableValue): FilterProto {
  // Firestore has an operator of its own for null.
  if (value === null) return { unaryFilter: { field: { fieldPath: field }, op: 'IS_NULL' } };
  return { fieldFilter: { field: { fieldPath: field }, op: 'EQUAL', value: fieldOf(value) } };
}

function holds(field: string, item: IndexableValue): FilterProto {
  return { fieldFilter: { field: { fieldPath: field }, op: 'ARRAY_CONTAINS', value: fieldOf(item) } };
}

/** `in` finds no null, so null is asked for beside it. */
function isOneOf(field: string, values: readonly IndexableValue[]): FilterProto {
  const named = [...new Set(values.filter((value) => value !== null))];
  const isIn = {
    fieldFilter: { field: { fieldPath: field }, op: 'IN', value: { arrayValue: { values: named.map(fieldOf) } } },
  };
  if (!values.includes(null)) return isIn;
  if (named.length === 0) return equals(field, null);
  return { compositeFilter: { op: 'OR', filters: [isIn, equals(field, null)] } };
}

function all(filters: readonly FilterProto[]): FilterProto | undefined {
  return filters.length > 1 ? { compositeFilter: { op: 'AND', filters } } : filters[0];
}
