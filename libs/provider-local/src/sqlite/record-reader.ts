import { checkId, checkPageSize, Failure } from '@runvoy/core';
import type {
  Change,
  CollectionDeclaration,
  Cursor,
  DeclaredQuery,
  Page,
  QueryArgs,
  QueryBounds,
  Ref,
  Stored,
} from '@runvoy/core';
import type { DatabaseSync } from 'node:sqlite';
import type { Declarations } from './declarations.ts';
import type { DocumentChange, DocumentRow, DocumentTable } from './document-table.ts';
import type { IndexedQuery } from './index-entries.ts';
import { IndexWalk } from './index-walk.ts';
import type { IndexHit } from './index-walk.ts';
import { cursorAt, planFrom, planQuery } from './query-plan.ts';
import type { QueryPlan } from './query-plan.ts';
import { recordShape } from './record-shape.ts';
import type { RecordShape } from './record-shape.ts';

/** How many hits a walk over a whole result takes at a time. */
const WALK_STEP = 1_000;

/** Answers from committed state, and knows what is declared. Everything here is synchronous: no commit falls between two steps. */
export class RecordReader {
  readonly #table: DocumentTable;
  readonly #walk: IndexWalk;
  readonly #collections: ReadonlyMap<string, CollectionDeclaration>;
  readonly #queries: ReadonlyMap<string, IndexedQuery>;

  constructor(database: DatabaseSync, table: DocumentTable, declared: Declarations, queries: readonly IndexedQuery[]) {
    this.#table = table;
    this.#walk = new IndexWalk(database);
    this.#collections = new Map(Object.entries(declared.collections));
    this.#queries = new Map(queries.map((query) => [query.name, query]));
  }

  read(ref: Ref<object>): Stored<object> | undefined {
    this.checkRef(ref);
    const row = this.#table.find(ref.collection, ref.id);
    return row && this.#stored(ref.collection, row);
  }

  /** The version alone: what a transaction compares. */
  version(ref: Ref<object>): string | undefined {
    return this.#table.version(ref.collection, ref.id)?.toString();
  }

  page(query: DeclaredQuery<object>, args: QueryArgs, from: Cursor | undefined): Page<object> {
    const { plan, hits, hasMore } = this.#pageHits(query, args, from);
    const records = hits.map(({ document }) =>
      this.#stored(plan.query.declaration.collection, this.#table.row(document)),
    );
    return hasMore ? { records, next: cursorAt(plan, hits.at(-1)!.orderKey) } : { records };
  }

  /** What a page says about the store: which records it holds, at which version, and whether more follow. */
  pageState({ records, next }: Page<object>): string {
    return pageState(
      records.map(({ version }) => version),
      next !== undefined,
    );
  }

  /** The same for the page as it would be read now. */
  pageStateNow(query: DeclaredQuery<object>, args: QueryArgs, from: Cursor | undefined): string {
    const { hits, hasMore } = this.#pageHits(query, args, from);
    return pageState(
      hits.map(({ document }) => this.#table.rowVersion(document).toString()),
      hasMore,
    );
  }

  count(query: DeclaredQuery<object>, args: QueryBounds): number {
    return this.#walk.count(this.plan(query, args));
  }

  plan(query: DeclaredQuery<object>, args: QueryBounds): QueryPlan {
    const declared = this.#queries.get(query.name);
    if (!declared) throw new Failure('RECORDS_MISUSED', `Query ${query.name} is not declared.`);
    return planQuery(declared, args);
  }

  /** Every record a plan finds, in order. */
  *all(plan: QueryPlan): Generator<Stored<object>> {
    for (let rest = plan; ;) {
      const hits = this.#walk.hits(rest, WALK_STEP);
      for (const { document } of hits) yield this.#stored(plan.query.declaration.collection, this.#table.row(document));
      if (hits.length < WALK_STEP) return;
      rest = planFrom(plan, cursorAt(plan, hits.at(-1)!.orderKey));
    }
  }

  /** What a watcher is told about a document that is there. */
  present({ collection, id, now }: DocumentChange): Change<object> {
    const { json, bytes } = now!;
    return { kind: 'present', id, value: this.#value(collection, json, bytes) };
  }

  shape(ref: Ref<object>, value: object): RecordShape {
    return recordShape(ref, value, this.#collection(ref), this.#table.queriesOf(ref.collection));
  }

  checkRef(ref: Ref<object>): void {
    this.#collection(ref);
    checkId(ref);
  }

  #collection({ collection }: Ref<object>): CollectionDeclaration {
    const declared = this.#collections.get(collection);
    if (!declared) throw new Failure('RECORDS_MISUSED', `Collection ${collection} is not declared.`);
    return declared;
  }

  #pageHits(
    query: DeclaredQuery<object>,
    args: QueryArgs,
    from: Cursor | undefined,
  ): { plan: QueryPlan; hits: readonly IndexHit[]; hasMore: boolean } {
    const { limit } = args;
    checkPageSize(limit);
    const whole = this.plan(query, args);
    const plan = from === undefined ? whole : planFrom(whole, from);
    const hits = this.#walk.hits(plan, limit + 1);
    return { plan, hits: hits.slice(0, limit), hasMore: hits.length > limit };
  }

  #stored(collection: string, { id, version, json, bytes }: DocumentRow): Stored<object> {
    return { id, version: version.toString(), value: this.#value(collection, json, bytes) };
  }

  #value(collection: string, json: string, bytes: Uint8Array | null): object {
    const value = JSON.parse(json) as Record<string, unknown>;
    const field = this.#collections.get(collection)?.bytes;
    if (field !== undefined && bytes !== null) value[field] = bytes;
    return value;
  }
}

function pageState(versions: readonly string[], hasMore: boolean): string {
  // Versions are never used twice, so they stand for their records.
  return `${versions.join(',')}${hasMore ? '+' : '.'}`;
}
