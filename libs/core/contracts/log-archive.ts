import { expect, test } from '@jest/globals';
import type { LogLine } from '@runvoy/protocol';
import { executionRef, type Execution } from '../src/executions/execution.ts';
import { archiveLogs } from '../src/logs/archive-logs.ts';
import { sessionEndMs } from '../src/logs/archive-plan.ts';
import { cursorBeforeLast, cursorBeforeTime } from '../src/logs/find-line.ts';
import { appendBatch } from '../src/logs/append-batch.ts';
import type { LogStore } from '../src/logs/log-store.ts';
import { readLines, readTail } from '../src/logs/read-log.ts';
import { readTails } from '../src/logs/read-tails.ts';
import { manualClock } from '../src/time/clock.ts';
import { after, bootstrapped } from '../test/executions/facts.ts';

const ID = 'a'.repeat(32);
const T0 = 1_748_736_000_000;
const DAY_MS = 86_400_000;
const CHUNKS = 24;
const SEGMENT_SIZE = { bytes: 1_500, chunks: 8, blockBytes: 400, fewChunks: 2 };

const line = (seq: number): LogLine => ({ seq, stream: 'stdout', ms: T0 + seq, text: `line ${seq}` });

/** A log's whole way, on records and an archive that are a provider's. `open` answers empty ones. */
export function logArchiveContract(open: () => Promise<LogStore & AsyncDisposable>): void {
  test('a log reads the same as chunks, sealed, and as segments alone, with two archivers at work, until it expires', async () => {
    await using log = await open();
    const { records, archive } = log;
    const clock = manualClock(T0);
    const lines: LogLine[] = [];
    for (let seq = 1; seq <= 3 * CHUNKS; seq += 3) {
      const batch = [line(seq), line(seq + 1), line(seq + 2)];
      await appendBatch({ records, clock }, ID, { from: seq, lines: batch, expires_at: 0, key_id: '', mac: '' });
      lines.push(...batch);
    }
    await records.create(executionRef(ID), endedRun());
    const archiver = () =>
      archiveLogs({ records, archive, clock, segmentSize: SEGMENT_SIZE, logRetentionDays: 30 }, (error) => {
        throw error;
      });
    const shown = async () => [
      await Array.fromAsync(readLines(log, ID, 0)),
      await Array.fromAsync(readLines(log, ID, 40)),
      await readTail(log, ID),
      await cursorBeforeLast(log, ID, 5),
      await cursorBeforeTime(log, ID, T0 + 30),
      await readTails(log, ID, 100),
    ];
    const before = await shown();
    expect(before[0]).toEqual(lines);
    await Promise.all([archiver(), archiver()]);
    expect(await shown()).toEqual(before);
    expect(await archive.list('logs/', { limit: 10 })).toHaveLength(CHUNKS / SEGMENT_SIZE.chunks);
    const run = (await records.get(executionRef(ID)))!.value;
    clock.advance(sessionEndMs(run) - clock.now() + 1);
    await Promise.all([archiver(), archiver()]);
    expect((await records.page({ name: 'chunksInOrder' }, { equal: { execution_id: ID }, limit: 1 })).records).toEqual(
      [],
    );
    expect(await shown()).toEqual(before);
    clock.advance(30 * DAY_MS);
    await Promise.all([archiver(), archiver()]);
    expect(await archive.list('logs/', { limit: 10 })).toEqual([]);
    expect((await records.get(executionRef(ID)))!.value).toMatchObject({ log_expired: { kept_days: 30 } });
  });
}

function endedRun(): Execution {
  const run = after(bootstrapped());
  return {
    ...run,
    execution_id: ID,
    started_at_ms: T0,
    facts: { ...run.facts, bound: { ...run.facts.bound!, at_ms: T0 } },
    status: 'FAILED',
    unfinished: false,
    completed_at_ms: T0,
    log_since_ms: T0,
    archive_due_at_ms: T0,
  };
}
