import { comparedFields, listedField, storableRecord } from '@runvoy/core';
import type { CollectionDeclaration, Ref, StorableRecord } from '@runvoy/core';
import type { IndexedQuery } from './index-entries.ts';

/** A record that may be stored, in the parts the documents table keeps. */
export interface RecordShape extends StorableRecord {
  readonly json: string;
}

/** Checks a value and splits it into what the table keeps. Fails with `RECORDS_MISUSED` when no store could keep it. */
export function recordShape(
  ref: Ref<object>,
  value: object,
  declaration: CollectionDeclaration,
  queries: readonly IndexedQuery[],
): RecordShape {
  const queried = queries.flatMap((query) => comparedFields(query.declaration));
  const listed = queries.flatMap((query) => listedField(query.declaration));
  const record = storableRecord(ref, value, declaration, queried, listed);
  return { ...record, json: JSON.stringify(record.value) };
}
