import { indexConfiguration } from '@runvoy/provider-gcp';

/** What Terraform makes in Firestore, collections without their prefix. */
export interface FirestoreTable {
  readonly indexes: readonly {
    readonly collection: string;
    /** Either an order, or `CONTAINS` for an item of a list; the other is null. */
    readonly fields: readonly {
      readonly field_path: string;
      readonly order: string | null;
      readonly array_config: string | null;
    }[];
  }[];
  /** How each field is indexed by itself; `*` is every field that no other row names. */
  readonly fields: readonly {
    readonly collection: string;
    readonly field: string;
    readonly ttl: boolean;
    readonly orders: readonly string[];
  }[];
}

/** Indexes, expiry and exemptions of the declared queries, in the form of module firestore. */
export function firestoreTable(): FirestoreTable {
  const { indexes, fieldOverrides } = indexConfiguration('');
  return {
    indexes: indexes.map(({ collectionGroup, fields }) => ({
      collection: collectionGroup,
      fields: fields.map((field) => ({
        field_path: field.fieldPath,
        order: 'order' in field ? field.order : null,
        array_config: 'arrayConfig' in field ? field.arrayConfig : null,
      })),
    })),
    fields: fieldOverrides.map(({ collectionGroup, fieldPath, ttl = false, indexes: own }) => ({
      collection: collectionGroup,
      field: fieldPath,
      ttl,
      orders: own.map(({ order }) => order),
    })),
  };
}
