import { expect, test } from '@jest/globals';
import {
  COLLECTIONS,
  QUERIES,
  type CollectionDeclaration,
  type QueryDeclaration,
} from '../../src/records/collections.ts';

const DECLARED: Readonly<Record<string, CollectionDeclaration>> = COLLECTIONS;

test.each(Object.entries<QueryDeclaration>(QUERIES))(
  'the query %s asks a declared collection, in an order, and never for its bytes',
  (_, { collection, equal, contains, oneOf, order }) => {
    const declared = DECLARED[collection];
    expect(declared).toBeDefined();
    expect(order.length).toBeGreaterThan(0);
    const compared = [contains, oneOf].filter((field) => field !== undefined);
    const fields = [...equal, ...compared, ...order.map(({ field }) => field)];
    expect(new Set(fields).size).toBe(fields.length);
    expect(fields).not.toContain(declared?.bytes);
  },
);
