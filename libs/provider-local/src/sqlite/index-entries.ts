import { comparedFields } from '@runvoy/core';
import type { IndexableValue, QueryDeclaration } from '@runvoy/core';
import { orderKeyPart } from './order-key.ts';

/** A declared query and the number its index entries carry. */
export interface IndexedQuery {
  readonly name: string;
  readonly number: number;
  readonly declaration: QueryDeclaration;
}

/** Where one document stands in one query's index. The first `groupLength` bytes of the key are the values compared for equality. */
export interface IndexEntry {
  readonly query: number;
  readonly key: Buffer;
  readonly groupLength: number;
}

/** The document's places in these queries. A document without a field that a query compares or orders by is not in it. */
export function indexEntries(
  queries: readonly IndexedQuery[],
  id: string,
  value: Readonly<Record<string, unknown>>,
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const { number, declaration } of queries) {
    if (!comparedFields(declaration).every((field) => value[field] !== undefined)) continue;
    const of = (field: string) => value[field] as IndexableValue;
    const group = groupKey(declaration, of, declaration.oneOf === undefined ? undefined : of(declaration.oneOf));
    const order = declaration.order.map(({ field, direction }) => orderKeyPart(of(field), direction));
    const key = Buffer.concat([group, ...order, orderKeyPart(id, declaration.order.at(-1)?.direction ?? 'asc')]);
    entries.push({ query: number, key, groupLength: group.length });
  }
  return entries;
}

/** The part of a key that all records with the same compared values share. */
export function groupKey(
  declaration: QueryDeclaration,
  equal: (field: string) => IndexableValue,
  oneOf: IndexableValue | undefined,
): Buffer {
  const parts = declaration.equal.map((field) => orderKeyPart(equal(field), 'asc'));
  if (declaration.oneOf !== undefined) parts.push(orderKeyPart(oneOf as IndexableValue, 'asc'));
  return Buffer.concat(parts);
}
