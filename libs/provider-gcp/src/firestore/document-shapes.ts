import { checkId, COLLECTIONS, comparedFields, Failure, listedField, QUERIES, storableRecord } from '@runvoy/core';
import type {
  CollectionDeclaration,
  CollectionName,
  DeclaredQuery,
  NamedQuery,
  QueryDeclaration,
  Ref,
} from '@runvoy/core';
import { bytesField, fieldsOf, timestampField, valueOf } from './document-value.ts';
import type { FieldProto, FieldProtos } from './document-value.ts';

/** Where the documents are, and under which names. */
export interface Place {
  readonly projectId: string;
  readonly databaseId: string;
  readonly collectionPrefix: string;
}

/** Between the records of core and the documents of one database. Knows what is declared and refuses the rest. */
export class DocumentShapes {
  /** `projects/<project>/databases/<database>`. */
  readonly database: string;
  /** The parent of every collection. */
  readonly root: string;
  readonly #prefix: string;

  constructor({ projectId, databaseId, collectionPrefix }: Place) {
    this.database = `projects/${projectId}/databases/${databaseId}`;
    this.root = `${this.database}/documents`;
    this.#prefix = collectionPrefix;
  }

  /** The id of a collection in the database. */
  collectionId(collection: string): string {
    return `${this.#prefix}${collection}`;
  }

  /** The full name of a record's document. Fails with `RECORDS_MISUSED` for a name that no store takes. */
  nameOf(ref: Ref<object>): string {
    declarationOf(ref.collection);
    checkId(ref);
    return this.documentName(ref.collection, ref.id);
  }

  documentName(collection: string, id: string): string {
    return `${this.root}/${this.collectionId(collection)}/${id}`;
  }

  /** The document that holds this value. Fails with `RECORDS_MISUSED` when no store could keep it. */
  documentOf(ref: Ref<object>, value: object): { readonly name: string; readonly fields: FieldProtos } {
    const declaration = declarationOf(ref.collection);
    const record = storableRecord(ref, value, declaration, fieldsIn(QUERIED, ref), fieldsIn(LISTED, ref));
    const fields: Record<string, FieldProto> = fieldsOf(record.value);
    if (declaration.expires !== undefined && record.expires !== null) {
      fields[declaration.expires] = timestampField(record.expires);
    }
    if (declaration.bytes !== undefined && record.bytes !== null) fields[declaration.bytes] = bytesField(record.bytes);
    return { name: this.nameOf(ref), fields };
  }

  idOf(documentName: string): string {
    return documentName.slice(documentName.lastIndexOf('/') + 1);
  }

  valueOf(fields: FieldProtos | null | undefined): object {
    return valueOf(fields);
  }

  /** Fails with `RECORDS_MISUSED` for a query that is not declared. */
  query({ name }: DeclaredQuery<object>): NamedQuery {
    const declaration: QueryDeclaration | undefined = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
    if (!declaration) throw new Failure('RECORDS_MISUSED', `Query ${name} is not declared.`);
    return { name, declaration };
  }
}

function declarationOf(collection: CollectionName): CollectionDeclaration {
  if (!Object.hasOwn(COLLECTIONS, collection)) {
    throw new Failure('RECORDS_MISUSED', `Collection ${collection} is not declared.`);
  }
  return COLLECTIONS[collection];
}

const QUERIED = fieldsByCollection(comparedFields);
const LISTED = fieldsByCollection(listedField);

function fieldsByCollection(fieldsOfQuery: (query: QueryDeclaration) => string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const query of Object.values<QueryDeclaration>(QUERIES)) {
    fields.set(query.collection, [...(fields.get(query.collection) ?? []), ...fieldsOfQuery(query)]);
  }
  return fields;
}

function fieldsIn(fields: ReadonlyMap<string, string[]>, { collection }: Ref<object>): readonly string[] {
  return fields.get(collection) ?? [];
}
