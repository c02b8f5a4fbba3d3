import type { Clock } from '@runvoy/core';
import type { FieldProtos } from './document-value.ts';
import type { RestDoor } from './rest-door.ts';
import { isPassing, StoreProblem } from './store-problem.ts';
import type { QueryProto } from './structured-query.ts';

/** A document as the REST doors write it. */
export interface DocumentProto {
  readonly name: string;
  readonly fields?: FieldProtos;
  readonly updateTime?: string;
}

export interface WriteProto {
  readonly update?: { readonly name: string; readonly fields: FieldProtos };
  readonly delete?: string;
  readonly currentDocument?: { readonly exists?: boolean; readonly updateTime?: string };
}

/** Which transaction a read belongs to; `begin` opens one with the read, `retryOf` names the attempt it follows. */
export type ReadIn = { readonly transaction: string } | { readonly begin: true; readonly retryOf?: string };

/** What was read, and the transaction that was opened for it. */
export interface Read<R> {
  readonly found: R;
  readonly transaction?: string;
}

/** One call may take this long; an answer that is wanted in a request is not worth more. */
const DEADLINE_MS = 8_000;
const READ_TRIES = 4;
const FIRST_PAUSE_MS = 50;

/** The calls of Firestore's API that records need, each with its deadline. Fails with `StoreProblem`. */
export class StoreCalls {
  readonly #door: RestDoor;
  readonly #documents: string;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #random: () => number;

  constructor(door: RestDoor, root: string, clock: Pick<Clock, 'sleep'>, random: () => number) {
    this.#door = door;
    this.#documents = root;
    this.#clock = clock;
    this.#random = random;
  }

  get(name: string): Promise<DocumentProto | undefined> {
    return this.again(async () => (await this.getIn(name, undefined)).found);
  }

  query(query: QueryProto): Promise<DocumentProto[]> {
    return this.again(async () => (await this.queryIn(query, undefined)).found);
  }

  count(query: QueryProto): Promise<number> {
    const aggregations = [{ alias: 'count', count: {} }];
    return this.again(async () => {
      const body = { structuredAggregationQuery: { structuredQuery: query, aggregations } };
      const [answer] = (await this.#call('runAggregationQuery', body)) as CountAnswer[];
      const count = answer?.result?.aggregateFields?.['count']?.integerValue;
      if (count === undefined) throw new StoreProblem('INTERNAL', 'a count without a result');
      return Number(count);
    });
  }

  async getIn(name: string, readIn: ReadIn | undefined): Promise<Read<DocumentProto | undefined>> {
    const body = { documents: [name], ...transactionOf(readIn) };
    const answers = (await this.#call('batchGet', body)) as GetAnswer[];
    const isAnswered = answers.some(({ found, missing }) => found ?? missing);
    if (!isAnswered) throw new StoreProblem('INTERNAL', 'a read without a result');
    return { found: answers.find(({ found }) => found)?.found, ...openedIn(answers) };
  }

  /** Some fields of documents, by their names; those that are not there are left out. */
  fieldsOf(names: readonly string[], fields: readonly string[]): Promise<Map<string, DocumentProto>> {
    return this.again(async () => {
      const answers = (await this.#call('batchGet', { documents: names, mask: { fieldPaths: fields } })) as GetAnswer[];
      const answered = new Set(answers.map(({ found, missing }) => found?.name ?? missing));
      if (names.some((name) => !answered.has(name))) throw new StoreProblem('INTERNAL', 'a read without a result');
      return new Map(answers.flatMap(({ found }) => (found ? [[found.name, found]] : [])));
    });
  }

  async queryIn(query: QueryProto, readIn: ReadIn | undefined): Promise<Read<DocumentProto[]>> {
    const answers = (await this.#call('runQuery', {
      structuredQuery: query,
      ...transactionOf(readIn),
    })) as QueryAnswer[];
    return { found: answers.flatMap(({ document }) => document ?? []), ...openedIn(answers) };
  }

  /** Applies all writes or none. Not tried again: after a lost answer nobody knows whether they were applied. */
  async commit(writes: readonly WriteProto[], transaction?: string): Promise<void> {
    await this.#call('commit', { writes, ...(transaction === undefined ? {} : { transaction }) });
  }

  /** Applies each write by itself; the answer names Google's code for each, 0 for done. */
  async batchWrite(writes: readonly WriteProto[]): Promise<{ readonly code: number; readonly message?: string }[]> {
    const { status = [] } = (await this.#call('batchWrite', { writes })) as BatchAnswer;
    return writes.map((_, index) => ({ code: status[index]?.code ?? 0, ...status[index] }));
  }

  async rollback(transaction: string): Promise<void> {
    await this.#call('rollback', { transaction });
  }

  /** Asks again after what may pass. Only for what may be asked twice. */
  async again<R>(ask: () => Promise<R>, isWorthIt: (error: unknown) => boolean = isPassing): Promise<R> {
    for (let tried = 1; ; tried++) {
      try {
        return await ask();
      } catch (error) {
        if (tried >= READ_TRIES || !isWorthIt(error)) throw error;
        await this.pause(tried);
      }
    }
  }

  /** Waits after the given failed try: up to 50 ms, 100 ms, 200 ms, ... at most 2 s, at random, so that losers part. */
  pause(tried: number): Promise<void> {
    return this.#clock.sleep(this.#random() * Math.min(2_000, FIRST_PAUSE_MS * 2 ** (tried - 1)));
  }

  #call(method: string, body: object): Promise<unknown> {
    return this.#door.call(`${this.#documents}:${method}`, body, DEADLINE_MS);
  }
}

interface GetAnswer {
  readonly found?: DocumentProto;
  readonly missing?: string;
  readonly transaction?: string;
}

interface QueryAnswer {
  readonly document?: DocumentProto;
  readonly transaction?: string;
}

interface CountAnswer {
  readonly result?: { readonly aggregateFields?: Readonly<Record<string, { readonly integerValue?: string }>> };
}

interface BatchAnswer {
  readonly status?: readonly { readonly code?: number; readonly message?: string }[];
}

function transactionOf(readIn: ReadIn | undefined): object {
  if (readIn === undefined) return {};
  if ('transaction' in readIn) return { transaction: readIn.transaction };
  const readWrite = readIn.retryOf === undefined ? {} : { retryTransaction: readIn.retryOf };
  return { newTransaction: { readWrite } };
}

function openedIn(answers: readonly { readonly transaction?: string }[]): { readonly transaction?: string } {
  const transaction = answers.find((answer) => answer.transaction)?.transaction;
  return transaction === undefined ? {} : { transaction };
}
