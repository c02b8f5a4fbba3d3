import type { IndexableValue, NamedQuery } from '@runvoy/core';
import type { CursorKey } from './page-cursor.ts';

/** Firestore's order across types: null, booleans, numbers, strings by their UTF-8 bytes. */
export function compareValues(a: IndexableValue, b: IndexableValue): number {
  const byType = typeRank(a) - typeRank(b);
  if (byType !== 0) return byType;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return Number(a) < Number(b) ? -1 : Number(a) > Number(b) ? 1 : 0;
}

/** Which of two records comes first in the query's order. */
export function comparePlaces({ declaration }: NamedQuery, a: CursorKey, b: CursorKey): number {
  for (const [index, { direction }] of declaration.order.entries()) {
    const order = compareValues(a.values[index] ?? null, b.values[index] ?? null);
    if (order !== 0) return direction === 'asc' ? order : -order;
  }
  const byId = compareValues(a.id, b.id);
  return declaration.order.at(-1)?.direction === 'desc' ? -byId : byId;
}

function typeRank(value: IndexableValue): number {
  return value === null ? 0 : ['boolean', 'number', 'string'].indexOf(typeof value) + 1;
}
