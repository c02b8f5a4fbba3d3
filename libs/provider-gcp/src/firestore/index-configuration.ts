import { COLLECTIONS, comparedFields, listedField, QUERIES, requiredFields } from '@runvoy/core';
import type { CollectionDeclaration, QueryDeclaration } from '@runvoy/core';

export type IndexOrder = 'ASCENDING' | 'DESCENDING';

interface OrderedField {
  readonly fieldPath: string;
  readonly order: IndexOrder;
}

/** A field of an index: its values in order, or for a list each item by itself. */
export type IndexedField = OrderedField | { readonly fieldPath: string; readonly arrayConfig: 'CONTAINS' };

/** An index over several fields, its entries in this order. Firestore adds the id, in the direction of the last field. */
export interface CompositeIndex {
  readonly collectionGroup: string;
  readonly queryScope: 'COLLECTION';
  readonly fields: readonly IndexedField[];
}

/** What Firestore does by itself with one field, or with every field that no other row names (`*`). */
export interface FieldOverride {
  readonly collectionGroup: string;
  readonly fieldPath: string;
  /** Documents expire by this field. */
  readonly ttl?: true;
  readonly indexes: readonly { readonly queryScope: 'COLLECTION'; readonly order: IndexOrder }[];
}

/** The indexes of one database, in the form of a `firestore.indexes.json`. */
export interface IndexConfiguration {
  readonly indexes: readonly CompositeIndex[];
  readonly fieldOverrides: readonly FieldOverride[];
}

/**
 * The indexes that the declared queries need and no others: an index entry costs a write's time and money, and one over rising
 * times limits how fast records may be created. The emulator never asks for an index; Terraform creates these.
 */
export function indexConfiguration(collectionPrefix = 'runvoy-'): IndexConfiguration {
  const group = (collection: string): string => `${collectionPrefix}${collection}`;
  const queries = Object.values<QueryDeclaration>(QUERIES);
  const composites = queries.filter((query) => requiredFields(query).length > 1);
  const singles = queries.filter((query) => requiredFields(query).length === 1);
  const overrides = Object.entries<CollectionDeclaration>(COLLECTIONS).flatMap(([collection, { expires }]) => {
    const own = singles.filter((query) => query.collection === collection);
    const single = [...new Set(own.flatMap(comparedFields))].map((fieldPath) => ({
      collectionGroup: group(collection),
      fieldPath,
      indexes: distinct(own.flatMap(orderedFields).filter((field) => field.fieldPath === fieldPath)).map(
        ({ order }) => ({
          queryScope: 'COLLECTION' as const,
          order,
        }),
      ),
    }));
    const timeToLive: FieldOverride[] =
      expires === undefined ? [] : [{ collectionGroup: group(collection), fieldPath: expires, ttl: true, indexes: [] }];
    return [{ collectionGroup: group(collection), fieldPath: '*', indexes: [] }, ...timeToLive, ...single];
  });
  return {
    indexes: distinct(
      composites.map((query) => ({
        collectionGroup: group(query.collection),
        queryScope: 'COLLECTION' as const,
        fields: indexedFields(query),
      })),
    ),
    fieldOverrides: overrides,
  };
}

/** Fields compared for equality first, in a fixed order, then the order of the results. */
function indexedFields(query: QueryDeclaration): IndexedField[] {
  const listed = listedField(query).map((fieldPath) => ({ fieldPath, arrayConfig: 'CONTAINS' as const }));
  return [...listed, ...orderedFields(query)];
}

function orderedFields(query: QueryDeclaration): OrderedField[] {
  const compared = [...query.equal, ...(query.oneOf === undefined ? [] : [query.oneOf])];
  return [
    ...compared.map((fieldPath) => ({ fieldPath, order: 'ASCENDING' as const })),
    ...query.order.map(({ field, direction }) => ({
      fieldPath: field,
      order: direction === 'asc' ? ('ASCENDING' as const) : ('DESCENDING' as const),
    })),
  ];
}

function distinct<T>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}
