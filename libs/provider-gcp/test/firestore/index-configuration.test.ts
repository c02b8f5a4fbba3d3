import { COLLECTIONS, QUERIES } from '@runvoy/core';
import type { CollectionDeclaration, QueryDeclaration } from '@runvoy/core';
import { describe, expect, test } from '@jest/globals';
import { DocumentShapes } from '../../src/firestore/document-shapes.ts';
import { indexConfiguration } from '../../src/firestore/index-configuration.ts';
import type { IndexConfiguration, IndexedField } from '../../src/firestore/index-configuration.ts';
import { structuredQuery } from '../../src/firestore/structured-query.ts';

const { indexes, fieldOverrides }: IndexConfiguration = indexConfiguration('runvoy-');
const shapes = new DocumentShapes({ projectId: 'p', databaseId: 'd', collectionPrefix: 'runvoy-' });

type SentOrder = Extract<IndexedField, { order: unknown }>;

/** The fields that the query, as it is really sent, compares for equality, and then its order. */
function sentFields(name: keyof typeof QUERIES): { equal: string[]; listed: string[]; order: SentOrder[] } {
  const declaration: QueryDeclaration = QUERIES[name];
  const listed = declaration.contains === undefined ? [] : [declaration.contains];
  const equal = Object.fromEntries([...declaration.equal, ...listed].map((field) => [field, 'x']));
  const args = { equal, ...(declaration.oneOf === undefined ? {} : { oneOf: ['a', 'b'] }) };
  const sent = structuredQuery(shapes, { name, declaration }, args);
  const compared = new Set<string>();
  const inLists = new Set<string>();
  const look = (part: unknown): void => {
    if (part === null || typeof part !== 'object') return;
    const { fieldPath } = part as { fieldPath?: string };
    if (fieldPath !== undefined) compared.add(fieldPath);
    const { op, field } = part as { op?: string; field?: { fieldPath: string } };
    if (op === 'ARRAY_CONTAINS') inLists.add(field!.fieldPath);
    for (const inner of Object.values(part)) look(inner);
  };
  look(sent.where);
  return {
    equal: [...compared],
    listed: [...inLists],
    order: sent.orderBy.map(({ field, direction }) => ({
      fieldPath: field.fieldPath,
      order: direction as SentOrder['order'],
    })),
  };
}

/** The entries of an index, with the id that Firestore adds in the direction of the last field. */
function entries(fields: readonly IndexedField[]): IndexedField[] {
  const last = fields.at(-1)!;
  return [...fields, { fieldPath: '__name__', order: 'order' in last ? last.order : 'ASCENDING' }];
}

/** Firestore's rule: the compared fields come first, in any order, then the order of the query exactly. */
function serves(fields: readonly IndexedField[], { equal, listed, order }: ReturnType<typeof sentFields>): boolean {
  const all = entries(fields);
  const compared = all.slice(0, equal.length).map(({ fieldPath }) => fieldPath);
  const rest = all.slice(equal.length);
  return (
    equal.every((field) => compared.includes(field)) &&
    all.every((field) => 'arrayConfig' in field === listed.includes(field.fieldPath)) &&
    rest.length === order.length &&
    rest.every(
      (field, index) =>
        'order' in field && field.fieldPath === order[index]!.fieldPath && field.order === order[index]!.order,
    )
  );
}

describe('a declared query has the index that Firestore would ask for:', () => {
  test.each(Object.keys(QUERIES) as (keyof typeof QUERIES)[])('%s', (name) => {
    const group = `runvoy-${QUERIES[name].collection}`;
    const composite = indexes.filter((index) => index.collectionGroup === group).map(({ fields }) => fields);
    const single = fieldOverrides
      .filter((override) => override.collectionGroup === group)
      .flatMap(({ fieldPath, indexes: ways }) => ways.map(({ order }) => [{ fieldPath, order }]));
    expect([...composite, ...single].filter((fields) => serves(fields, sentFields(name)))).toHaveLength(1);
  });
});

test('no index serves nothing that is declared', () => {
  const names = Object.keys(QUERIES) as (keyof typeof QUERIES)[];
  const idle = indexes.filter(
    ({ collectionGroup, fields }) =>
      !names.some(
        (name) => `runvoy-${QUERIES[name].collection}` === collectionGroup && serves(fields, sentFields(name)),
      ),
  );
  expect(idle).toEqual([]);
});

test.each(Object.entries<CollectionDeclaration>(COLLECTIONS))(
  'nothing of %s is indexed but what a query names, and its records expire where that is declared',
  (collection, { expires, bytes }) => {
    const own = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === `runvoy-${collection}`);
    expect(own.find(({ fieldPath }) => fieldPath === '*')?.indexes).toEqual([]);
    expect(own.filter(({ ttl }) => ttl).map(({ fieldPath }) => fieldPath)).toEqual(
      expires === undefined ? [] : [expires],
    );
    const indexed = own.filter(({ indexes: ways }) => ways.length > 0).map(({ fieldPath }) => fieldPath);
    expect(indexed).not.toContain(bytes);
    expect(indexed).not.toContain(expires);
  },
);
