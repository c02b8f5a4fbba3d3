import { join } from 'node:path';
import {
  executionRef,
  executionsByStatus,
  executionsNewestFirst,
  type DeclaredQuery,
  type Execution,
  type QueryArgs,
} from '@runvoy/core';
import { openSqliteRecords, type SqliteRecords } from '@runvoy/provider-local';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { SAMPLE_OWNER, sampleExecution } from '../sample-run.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const FEW = 1_000;
const MANY = 1_000_000;
const A_BATCH = 1_000;
/** Building a million takes its time; after this much, as many as there are must do. */
const BUILD_MS = 90_000;
const READS = 500;

const QUERIES: readonly (readonly [name: string, query: DeclaredQuery<Execution>, args: QueryArgs])[] = [
  ['newest', executionsNewestFirst, { limit: 10 }],
  ['failed or stopped', executionsByStatus, { oneOf: ['FAILED', 'STOPPED'], limit: 10 }],
  ['of one user', { name: 'executionsOfUser' }, { equal: { created_by: SAMPLE_OWNER }, limit: 10 }],
];

/** The first page of each list, and a page deep inside, with a long history against a short one. */
export const listPages: Benchmark = {
  name: 'list-pages',
  async run() {
    using directory = temporaryDirectory();
    const few = openSqliteRecords(join(directory.path, 'few.sqlite'));
    await build(few, FEW);
    const many = openSqliteRecords(join(directory.path, 'many.sqlite'));
    const built = await build(many, MANY);
    const measurements: Measurement[] = [];
    for (const [name, query, args] of QUERIES) {
      measurements.push({
        what: `page of 10, ${name}, at ${built.toLocaleString('en-US')} executions, p50`,
        value: await pageTime(many, query, args),
        unit: 'ms',
        floor: { what: 'at 1,000', value: await pageTime(few, query, args) },
      });
    }
    const middle = (count: number) => sampleExecution(Math.floor(count / 2)).started_at_ms;
    measurements.push({
      what: `page of 10 from the middle, at ${built.toLocaleString('en-US')} executions, p50`,
      value: await pageTime(many, executionsNewestFirst, { limit: 10, after: middle(built) }),
      unit: 'ms',
      floor: {
        what: 'at 1,000',
        value: await pageTime(few, executionsNewestFirst, { limit: 10, after: middle(FEW) }),
      },
    });
    few.close();
    many.close();
    return measurements;
  },
};

/** Stores up to `count` executions; answers how many there was time for. */
async function build(records: SqliteRecords, count: number): Promise<number> {
  const until = performance.now() + BUILD_MS;
  let built = 0;
  while (built < count && performance.now() < until) {
    const entries = Array.from({ length: A_BATCH }, (_, index) => {
      const value = sampleExecution(built + index);
      return { ref: executionRef(value.execution_id), value };
    });
    await records.createMany(entries);
    built += A_BATCH;
  }
  return built;
}

async function pageTime(records: SqliteRecords, query: DeclaredQuery<Execution>, args: QueryArgs): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < READS; i += 1) {
    const before = performance.now();
    await records.page(query, args);
    samples.push(performance.now() - before);
  }
  return percentile(samples, 0.5);
}
