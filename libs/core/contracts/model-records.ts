import { QUERIES } from '../src/records/collections.ts';
import type { QueryDeclaration } from '../src/records/collections.ts';
import type { IndexableValue, QueryArgs } from '../src/records/records.ts';

type Value = object;

interface ModelRecord {
  readonly collection: string;
  readonly id: string;
  readonly value: Value;
  readonly version: number;
}

/**
 * What records are, without any of the ways to make them fast or durable: a list that is filtered and sorted for every question.
 * Stores are compared with it over random histories.
 */
export class ModelRecords {
  #records: ModelRecord[] = [];
  #lastVersion = 0;

  get(collection: string, id: string): ModelRecord | undefined {
    return this.#records.find((record) => record.collection === collection && record.id === id);
  }

  create(collection: string, id: string, value: Value): boolean {
    if (this.get(collection, id)) return false;
    this.set(collection, id, value);
    return true;
  }

  set(collection: string, id: string, value: Value): void {
    this.delete(collection, id);
    this.#records.push({ collection, id, value: structuredClone(value), version: ++this.#lastVersion });
  }

  compareAndSet(collection: string, id: string, version: number, value: Value): boolean {
    if (this.get(collection, id)?.version !== version) return false;
    this.set(collection, id, value);
    return true;
  }

  delete(collection: string, id: string): void {
    this.#records = this.#records.filter((record) => record.collection !== collection || record.id !== id);
  }

  /** Everything the query finds, in order. */
  find(name: keyof typeof QUERIES, args: Omit<QueryArgs, 'limit'>): ModelRecord[] {
    const query: QueryDeclaration = QUERIES[name];
    const of = ({ value }: ModelRecord, field: string) => (value as Record<string, IndexableValue | undefined>)[field];
    const { contains } = query;
    const fields = [
      ...query.equal,
      ...(contains ? [contains] : []),
      ...(query.oneOf ? [query.oneOf] : []),
      ...query.order.map(({ field }) => field),
    ];
    const listOf = ({ value }: ModelRecord, field: string) => (value as Record<string, readonly unknown[]>)[field]!;
    const first = query.order[0]!;
    const sign = first.direction === 'asc' ? 1 : -1;
    const toBound = (record: ModelRecord, bound: IndexableValue) =>
      sign * compareValues(of(record, first.field)!, bound);
    return this.#records
      .filter(({ collection }) => collection === query.collection)
      .filter((record) => fields.every((field) => of(record, field) !== undefined))
      .filter((record) => query.equal.every((field) => compareValues(of(record, field)!, args.equal![field]!) === 0))
      .filter(
        (record) => !query.oneOf || args.oneOf!.some((value) => compareValues(of(record, query.oneOf!)!, value) === 0),
      )
      .filter((record) => !contains || listOf(record, contains).includes(args.equal![contains]))
      .filter((record) => args.from === undefined || toBound(record, args.from) >= 0)
      .filter((record) => args.after === undefined || toBound(record, args.after) > 0)
      .filter((record) => args.to === undefined || toBound(record, args.to) <= 0)
      .sort((a, b) => {
        for (const { field, direction } of query.order) {
          const order = compareValues(of(a, field)!, of(b, field)!);
          if (order !== 0) return direction === 'asc' ? order : -order;
        }
        const byId = compareValues(a.id, b.id);
        return query.order.at(-1)!.direction === 'asc' ? byId : -byId;
      });
  }
}

/** Firestore's order: null, booleans, numbers, strings by their UTF-8 bytes. */
export function compareValues(a: IndexableValue, b: IndexableValue): number {
  const [typeOfA, typeOfB] = [typeRank(a), typeRank(b)];
  if (typeOfA !== typeOfB) return typeOfA - typeOfB;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return Number(a) < Number(b) ? -1 : Number(a) > Number(b) ? 1 : 0;
}

function typeRank(value: IndexableValue): number {
  return value === null ? 0 : ['boolean', 'number', 'string'].indexOf(typeof value) + 1;
}
