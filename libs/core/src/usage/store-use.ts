import { LIMITS } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';

/** What the store bills: records read, records written. */
export interface StoreUse {
  readonly reads: number;
  readonly writes: number;
}

/**
 * Rows of docs/store-operations.md; a test compares them. The first two are a whole run with one chunk, the others come on top.
 */
export const STORE_ROWS = {
  cloud: { reads: 5, writes: 5 },
  machine: { reads: 8, writes: 7 },
  variables: { reads: 2, writes: 2 },
  stop: { reads: 1, writes: 1 },
  authentication: { reads: 2, writes: 0 },
  /** A request and the end: nobody bootstrapped. */
  unbound: { reads: 2, writes: 2 },
} as const satisfies Record<string, StoreUse>;

const HEARTBEAT_S = 10;
const TICK_S = 60;
/** The look of a tick, and its place in the tick's list. */
const READS_A_TICK = 2;
/** How often a runner cuts a batch that is not full, ms. */
const BATCH_MS = { cloud: 250, machine: 10 };
/** A log of so many chunks is proven by reading them again. */
const LONG_LOG_CHUNKS = 16;
/** What a line costs in a batch beside its text. */
const LINE_BYTES = 60;

/**
 * What a run asked of the store, by the formula of docs/usage.md. Counting it would cost an operation for each operation. Chunks are
 * the part that is not known exactly: no more than stated here, because a batch is cut when it is full or when its time is over.
 */
export function storeUseOf(execution: Execution, seconds: number): StoreUse {
  const { facts, isolation, without_input } = execution;
  const where = isolation === 'cloud-run' ? 'cloud' : 'machine';
  const chunks = chunksOf(execution, seconds, BATCH_MS[where]);
  const rows: StoreUse[] = [
    STORE_ROWS.authentication,
    facts.bound ? STORE_ROWS[where] : STORE_ROWS.unbound,
    ...(without_input ? [] : [STORE_ROWS.variables]),
    ...(facts.stop ? [STORE_ROWS.stop] : []),
    { reads: Math.floor(seconds / HEARTBEAT_S) + READS_A_TICK * Math.floor(seconds / TICK_S), writes: 0 },
    // One is in the row of the run.
    { reads: chunks >= LONG_LOG_CHUNKS ? chunks : 0, writes: Math.max(0, chunks - 1) },
  ];
  return rows.reduce((sum, row) => ({ reads: sum.reads + row.reads, writes: sum.writes + row.writes }));
}

function chunksOf({ end_record }: Execution, seconds: number, batchMs: number): number {
  if (!end_record) return 0;
  const full = Math.ceil((end_record.bytes + LINE_BYTES * end_record.lines) / LIMITS.batchBytes);
  return Math.min(end_record.lines, full + Math.floor((seconds * 1_000) / batchMs));
}
