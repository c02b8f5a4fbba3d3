import { createHash } from 'node:crypto';
import { digestRow, type LogLine } from '@runvoy/protocol';
import { executionRef, type Execution } from '../../src/executions/execution.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import type { SealDeps } from '../../src/logs/seal-segment.ts';
import { sessionEndMs } from '../../src/logs/archive-plan.ts';
import { readLines } from '../../src/logs/read-log.ts';
import { manualClock } from '../../src/time/clock.ts';
import { after as runAfter, bootstrapped } from '../executions/facts.ts';
import { MemoryLog } from '../memory-log.ts';

export const ID = 'a'.repeat(32);
export const T0 = 1_748_736_000_000;

/** So small that a few chunks are several segments of several blocks. */
export const SMALL_SEGMENTS = { bytes: 1_200, chunks: 6, blockBytes: 300, fewChunks: 2 };

/** A log whose archiver is called by hand, and the run it is of. */
export class ArchivedLog extends MemoryLog implements SealDeps {
  readonly clock = manualClock(T0);
  segmentSize = SMALL_SEGMENTS;
  /** Every line that was stored. */
  readonly stored: LogLine[] = [];

  /** A run that ended, with batches of these sizes, without those at the places in `lost`. */
  static async of(sizes: readonly number[], lost: readonly number[] = [], more: Partial<Execution> = {}) {
    const log = new ArchivedLog();
    const batches = batchesOf(sizes);
    for (const [index, lines] of batches.entries()) if (!lost.includes(index)) await log.store(lines);
    const lines = batches.flat();
    const run = runAfter(bootstrapped());
    await log.records.create(executionRef(ID), {
      ...run,
      execution_id: ID,
      started_at_ms: T0,
      status: 'SUCCEEDED',
      unfinished: false,
      completed_at_ms: T0,
      facts: { ...run.facts, bound: { ...run.facts.bound!, at_ms: T0 } },
      end_record: {
        lines: lines.length,
        bytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
        sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
        maskings: 0,
      },
      log_since_ms: T0,
      archive_due_at_ms: T0,
      ...more,
    });
    return log;
  }

  async store(lines: readonly LogLine[]): Promise<void> {
    const message = { from: lines[0]!.seq, lines, expires_at: 0, key_id: '', mac: '' };
    const { isNew } = await appendBatch(this, ID, message);
    if (!isNew) return;
    this.stored.push(...lines);
    this.stored.sort((a, b) => a.seq - b.seq);
  }

  async execution(): Promise<Execution> {
    return (await this.records.get(executionRef(ID)))!.value;
  }

  /** To when no line of the run can come any more. */
  async passSession(): Promise<void> {
    this.clock.advance(sessionEndMs(await this.execution()) - this.clock.now() + 1);
  }

  read(after = 0): Promise<LogLine[]> {
    return Array.fromAsync(readLines(this, ID, after));
  }

  chunkRecords(): number {
    const kept = new Set<string>();
    for (const write of this.records.writes) {
      const [kind, name = ''] = write.split(' ');
      if (!name.startsWith('log-chunks/')) continue;
      if (kind === 'delete') kept.delete(name);
      else kept.add(name);
    }
    return kept.size;
  }
}

/** Lines numbered from 1 in batches of these sizes, one every 10 ms. */
export function batchesOf(sizes: readonly number[]): LogLine[][] {
  let seq = 1;
  return sizes.map((size) => {
    const lines = Array.from({ length: size }, (_, at) => lineOf(seq + at));
    seq += size;
    return lines;
  });
}

const lineOf = (seq: number): LogLine => ({ seq, stream: 'stdout', ms: T0 + seq * 10, text: `line ${seq}` });
