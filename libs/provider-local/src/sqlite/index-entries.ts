import { listedField, requiredFields } from '@runvoy/core';
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

/** The document's places in these queries: one for each item where a list is asked. A document without a field that a query needs is not in it. */
export function indexEntries(
  queries: readonly IndexedQuery[],
  id: string,
  value: Readonly<Record<string, unknown>>,
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const { number, declaration } of queries) {
    if (!requiredFields(declaration).every((field) => value[field] !== undefined)) continue;
    const of = (field: string) => value[field] as IndexableValue;
    const order = declaration.order.map(({ field, direction }) => orderKeyPart(of(field), direction));
    order.push(orderKeyPart(id, declaration.order.at(-1)?.direction ?? 'asc'));
    for (const item of itemsOf(declaration, value)) {
      const ofItem = (field: string) => (field === declaration.contains ? item : of(field));
      const group = groupKey(declaration, ofItem, declaration.oneOf === undefined ? undefined : of(declaration.oneOf));
      entries.push({ query: number, key: Buffer.concat([group, ...order]), groupLength: group.length });
    }
  }
  return entries;
}

/** The part of a key that all records with the same compared values share. */
export function groupKey(
  declaration: QueryDeclaration,
  equal: (field: string) => IndexableValue,
  oneOf: IndexableValue | undefined,
): Buffer {
  const parts = [...declaration.equal, ...listedField(declaration)].map((field) => orderKeyPart(equal(field), 'asc'));
  if (declaration.oneOf !== undefined) parts.push(orderKeyPart(oneOf as IndexableValue, 'asc'));
  return Buffer.concat(parts);
}

/** What the document is found by in a query of a list; a single nothing in any other. */
function itemsOf({ contains }: QueryDeclaration, value: Readonly<Record<string, unknown>>): readonly IndexableValue[] {
  return contains === undefined ? [null] : [...new Set(value[contains] as readonly string[])];
}
