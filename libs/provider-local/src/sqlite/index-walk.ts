import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { keyAfter } from './order-key.ts';
import type { QueryPlan } from './query-plan.ts';

/** One hit of a query: its document and what follows the group in its key. */
export interface IndexHit {
  readonly document: number;
  readonly orderKey: Buffer;
}

/** Walks index entries in the order of a query. Costs a seek for each group and nothing for what lies before or behind. */
export class IndexWalk {
  readonly #select: StatementSync;
  readonly #count: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(
      'SELECT key, document FROM index_entries WHERE query = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
    );
    this.#count = database.prepare(
      'SELECT count(*) AS hits FROM index_entries WHERE query = ? AND key >= ? AND key < ?',
    );
  }

  /** The first `limit` hits, those of several groups merged. */
  hits(plan: QueryPlan, limit: number): IndexHit[] {
    if (plan.groups.length === 1) return this.#read(plan, plan.groups[0]!, plan.begin, limit);
    // A share each to begin with: most of a larger read-ahead would be thrown away.
    const readAhead = Math.ceil(limit / plan.groups.length);
    const lanes = plan.groups.map(
      (group) =>
        new Lane(readAhead, (after) => this.#read(plan, group, after ? keyAfter(after) : plan.begin, readAhead)),
    );
    const merged: IndexHit[] = [];
    while (merged.length < limit) {
      const hit = lowest(lanes)?.takeFirst();
      if (!hit) break;
      merged.push(hit);
    }
    return merged;
  }

  count(plan: QueryPlan): number {
    let hits = 0;
    for (const group of plan.groups) {
      const range = [Buffer.concat([group, plan.begin]), Buffer.concat([group, plan.end])] as const;
      hits += this.#count.get(plan.query.number, ...range)!.hits as number;
    }
    return hits;
  }

  #read({ query, end }: QueryPlan, group: Buffer, begin: Buffer, limit: number): IndexHit[] {
    const [from, until] = [Buffer.concat([group, begin]), Buffer.concat([group, end])];
    return this.#select.all(query.number, from, until, limit).map((row) => ({
      document: row.document as number,
      orderKey: Buffer.from(row.key as Uint8Array).subarray(group.length),
    }));
  }
}

/** The hits of one group, read ahead in small pieces. */
class Lane {
  readonly #readAhead: number;
  readonly #read: (after?: Buffer) => IndexHit[];
  #hits: IndexHit[];
  #next = 0;

  constructor(readAhead: number, read: (after?: Buffer) => IndexHit[]) {
    this.#readAhead = readAhead;
    this.#read = read;
    this.#hits = read();
  }

  get first(): IndexHit | undefined {
    const mayHaveMore = this.#next === this.#readAhead;
    if (this.#next === this.#hits.length && mayHaveMore) {
      this.#hits = this.#read(this.#hits.at(-1)!.orderKey);
      this.#next = 0;
    }
    return this.#hits[this.#next];
  }

  takeFirst(): IndexHit | undefined {
    const hit = this.first;
    this.#next++;
    return hit;
  }
}

function lowest(lanes: readonly Lane[]): Lane | undefined {
  let best: Lane | undefined;
  for (const lane of lanes) {
    const [hit, lowestHit] = [lane.first, best?.first];
    if (hit && (!lowestHit || hit.orderKey.compare(lowestHit.orderKey) < 0)) best = lane;
  }
  return best;
}
