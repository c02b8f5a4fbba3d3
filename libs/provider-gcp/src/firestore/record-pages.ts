import { checkPageSize } from '@runvoy/core';
import type { Cursor, DeclaredQuery, IndexableValue, NamedQuery, Page, QueryArgs, Stored } from '@runvoy/core';
import type { DocumentShapes } from './document-shapes.ts';
import { cursorAt, keyOf } from './page-cursor.ts';
import type { CursorKey } from './page-cursor.ts';
import type { DocumentProto } from './store-calls.ts';
import { structuredQuery } from './structured-query.ts';
import type { QueryProto } from './structured-query.ts';

/** A page that is asked for: the query for it, and what the next cursor is made of. */
export interface AskedPage {
  readonly query: NamedQuery;
  readonly args: QueryArgs;
  readonly proto: QueryProto;
}

/** Pages of declared queries: one record more than asked for is read, because only it tells whether there is another page. */
export class RecordPages {
  readonly #shapes: DocumentShapes;

  constructor(shapes: DocumentShapes) {
    this.#shapes = shapes;
  }

  /** Fails with `RECORDS_MISUSED` for arguments that are not declared, with `INVALID_REQUEST` for a foreign cursor. */
  plan(declared: DeclaredQuery<object>, args: QueryArgs, from: Cursor | undefined): AskedPage {
    const query = this.#shapes.query(declared);
    checkPageSize(args.limit);
    const whole = structuredQuery(this.#shapes, query, args);
    const proto = from === undefined ? whole : structuredQuery(this.#shapes, query, args, keyOf(query, args, from));
    return { query, args, proto: { ...proto, limit: args.limit + 1 } };
  }

  pageOf({ query, args }: AskedPage, documents: readonly DocumentProto[]): Page<object> {
    const records = documents.slice(0, args.limit).map((document) => this.stored(document));
    const last = records.at(-1);
    if (!last || documents.length <= args.limit) return { records };
    return { records, next: cursorAt(query, args, placeOf(query, last)) };
  }

  stored({ name, fields, updateTime }: DocumentProto): Stored<object> {
    return { id: this.#shapes.idOf(name), value: this.#shapes.valueOf(fields), version: updateTime ?? '' };
  }
}

/** Where a record stands in the order of a query. */
export function placeOf({ declaration }: NamedQuery, { id, value }: { id: string; value: object }): CursorKey {
  const fields = value as Readonly<Record<string, IndexableValue>>;
  return { values: declaration.order.map(({ field }) => fields[field] ?? null), id };
}
