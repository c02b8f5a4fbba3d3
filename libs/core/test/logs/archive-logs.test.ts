import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { executionRef } from '../../src/executions/execution.ts';
import { appendBatch } from '../../src/logs/append-batch.ts';
import { SETTLE_MS } from '../../src/logs/assess-log.ts';
import { archiveLogs } from '../../src/logs/archive-logs.ts';
import { assessLog } from '../../src/logs/assess-log.ts';
import { cursorBeforeLast, cursorBeforeTime } from '../../src/logs/find-line.ts';
import { chunkRef } from '../../src/logs/log-chunk.ts';
import { segmentName, segmentRef } from '../../src/logs/log-segment.ts';
import { readLogPage } from '../../src/logs/log-page.ts';
import { readChunkPage, readChunks, readHead, readLines, readTail } from '../../src/logs/read-log.ts';
import { readTails } from '../../src/logs/read-tails.ts';
import { sealEndedLog } from '../../src/logs/seal-log.ts';
import { SEGMENT_SIZE } from '../../src/logs/seal-segment.ts';
import { verifyLog } from '../../src/logs/verify-log.ts';
import { after, bootstrapped } from '../executions/facts.ts';
import { ArchivedLog, batchesOf, ID, T0 } from './archived-log.ts';

const told = (error: unknown) => {
  throw error;
};
const archive = (log: ArchivedLog, logRetentionDays = 0) => archiveLogs(Object.assign(log, { logRetentionDays }), told);
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 30 });
const lost = fc.array(fc.nat(30), { maxLength: 5 });

/** What every door shows of a log. */
async function shown(log: ArchivedLog) {
  const doors: unknown[] = [await readHead(log, ID), await readTail(log, ID)];
  for (const start of [0, 1, 5, 20, 60]) {
    doors.push(await log.read(start), await cursorBeforeTime(log, ID, T0 + start * 10));
    if (start > 0) doors.push(await cursorBeforeLast(log, ID, start));
    const page = await readChunkPage(log, ID, start, 3);
    doors.push(
      page.map(({ from, through, content_hash, body }) => [from, through, content_hash, Buffer.from(body).toString()]),
    );
  }
  const { stored_sha256, gaps, lines } = await verifyLog(log, await log.execution());
  doors.push(await readTails(log, ID, 120), await readTails(log, ID, 10_000), stored_sha256, gaps, lines);
  return doors;
}

describe('every door shows the same of a log', () => {
  test('before it is sealed, when it is, while its records go, and when they are gone, whatever the cuts and the gaps', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, lost, fc.nat(40), async (cut, missing, kept) => {
        const log = await ArchivedLog.of(cut, missing);
        log.clock.advance(SETTLE_MS);
        const before = await shown(log);
        await archive(log);
        expect(await shown(log)).toEqual(before);
        await log.passSession();
        // As if a removal had stopped there: what is left is always the end.
        const chunks = await Array.fromAsync(readChunks(log, ID, 0));
        const { log_archive } = await log.execution();
        if (log_archive) {
          for (const { from } of chunks.slice(0, Math.max(0, chunks.length - kept))) {
            await log.records.delete(chunkRef(ID, from));
          }
          expect(await shown(log)).toEqual(before);
        }
        await archive(log);
        expect(await shown(log)).toEqual(before);
        expect(log.chunkRecords()).toBe(log_archive ? 0 : chunks.length);
        expect((await log.execution()).archive_due_at_ms).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test('to a reader in the middle of it while its records are removed', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 60 }, () => 3));
    await archive(log);
    await log.passSession();
    for (const at of [1, 47, 48, 49, 179]) {
      const seen: number[] = [];
      for await (const { seq } of readLines(log, ID, 0)) {
        seen.push(seq);
        if (seq === at) await archive(log);
      }
      expect(seen).toEqual(log.stored.map(({ seq }) => seq));
    }
    expect(log.chunkRecords()).toBe(0);
  });
});

describe('a run that ended', () => {
  test('has its manifest when its log is sealed, and loses its records only when no line can come any more', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 20 }, () => 5));
    await assessLog(log, await log.execution());
    expect(await archive(log)).toMatchObject({ sealed: 5, removed: 0, failed: 0 });
    const { log_archive, end_record } = await log.execution();
    expect(log_archive).toMatchObject({ segments: 5, lines: 100, completeness: 'complete', gaps: [] });
    expect(log_archive).toMatchObject({ bytes: end_record!.bytes, sha256: end_record!.sha256 });
    expect(log_archive!.stored_bytes).toBe([...log.archive.blobs.values()].reduce((sum, blob) => sum + blob.length, 0));
    expect(await archive(log)).toMatchObject({ sealed: 0, removed: 0 });
    expect(log.chunkRecords()).toBe(20);
    await log.passSession();
    expect(await archive(log)).toMatchObject({ removed: 20, failed: 0 });
    expect((await log.execution()).log_archive).toMatchObject({ chunks_removed_at_ms: log.clock.now() });
    const [reads, writes] = [log.records.reads, log.records.writes.length];
    expect(await archive(log)).toMatchObject({ sealed: 0, removed: 0 });
    // Nothing is due: one question for what is, one for what goes on.
    expect([log.records.reads - reads, log.records.writes.length - writes]).toEqual([2, 0]);
  });

  test('keeps the manifest of all its segments when an archiver that was overtaken comes to its end', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 20 }, () => 5));
    const begun = await log.execution();
    await log.passSession();
    const count = log.records.count.bind(log.records);
    jest.spyOn(log.records, 'count').mockImplementationOnce(async (...args) => {
      const chunks = await count(...args);
      await archive(log);
      return chunks;
    });
    await sealEndedLog(log, begun);
    const { log_archive } = await log.execution();
    expect(log_archive?.segments).toBeGreaterThan(1);
    expect(await log.read()).toEqual(log.stored);
  });

  test('with few chunks keeps them as they are', async () => {
    const log = await ArchivedLog.of([40, 2]);
    expect(await archive(log)).toMatchObject({ sealed: 0 });
    expect([log.archive.blobs.size, log.chunkRecords()]).toEqual([0, 2]);
    expect((await log.execution()).archive_due_at_ms).toBeUndefined();
  });

  test('gets a segment of its own for lines that came when the rest was sealed, and is complete with them', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4], [2]);
    await archive(log);
    expect((await log.execution()).log_archive).toMatchObject({
      completeness: 'gaps',
      gaps: [{ from: 9, to: 12 }],
      segments: 2,
    });
    await log.store(batchesOf([4, 4, 4])[2]!);
    expect(await log.read()).toEqual(log.stored);
    await log.passSession();
    await archive(log);
    expect(await log.read()).toEqual(log.stored);
    expect((await log.execution()).log_archive).toMatchObject({ completeness: 'complete', gaps: [], segments: 3 });
    expect(log.chunkRecords()).toBe(0);
  });

  test('is read whole when lines came late between two archivers, and only one of them has sealed them', async () => {
    const log = await ArchivedLog.of([1, 2, 2, 2, 2], [0, 4]);
    const { archive: blobs } = log;
    const put = blobs.put.bind(blobs);
    blobs.put = async (...segment) => {
      blobs.put = put;
      for (const late of [0, 4]) await log.store(batchesOf([1, 2, 2, 2, 2])[late]!);
      await archive(log);
      return put(...segment);
    };
    await archive(log);
    await log.passSession();
    await archive(log);
    expect(await log.read()).toEqual(log.stored);
    expect([await readHead(log, ID), await readTail(log, ID), log.chunkRecords()]).toEqual([1, 9, 0]);
    expect((await log.execution()).log_archive).toMatchObject({ completeness: 'complete', segments: blobs.blobs.size });
  });

  test('keeps the manifest of all its segments when an archiver that was slow comes with that of fewer', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4]);
    const { records } = log;
    const count = records.count.bind(records);
    let known = await log.execution();
    records.count = async (...asked) => {
      records.count = count;
      const counted = await count(...asked);
      await archive(log);
      await log.passSession();
      await archive(log);
      known = await log.execution();
      return counted;
    };
    await archive(log);
    expect(known.log_archive).toMatchObject({ completeness: 'complete', chunks_removed_at_ms: expect.any(Number) });
    expect(await log.execution()).toEqual(known);
  });

  test('keeps a record that its segment does not agree with, and all behind it', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4]);
    await archive(log);
    const stored = (await log.records.get(chunkRef(ID, 5)))!.value;
    await log.records.delete(chunkRef(ID, 5));
    await log.records.create(chunkRef(ID, 5), {
      ...stored,
      body: Buffer.from(Buffer.from(stored.body).toString().replace('line 5', 'line 6')),
    });
    await log.passSession();
    const noticed: string[] = [];
    const report = await archiveLogs(log, (error) => noticed.push(String(error)));
    expect(report).toMatchObject({ removed: 0, failed: 1 });
    expect(noticed).toEqual([expect.stringMatching(/lines from 5 are not the same/)]);
    expect(log.chunkRecords()).toBe(5);
  });

  test('keeps its records when its blob cannot be read, and is read from them', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 30 }, () => 2));
    await archive(log);
    const name = segmentName(ID, 1);
    const blob = log.archive.blobs.get(name)!;
    log.archive.blobs.set(name, Uint8Array.from(blob).fill(0, 40, 60));
    await log.passSession();
    expect(await archiveLogs(log, () => undefined)).toMatchObject({ removed: 0, failed: 1 });
    expect(await log.read()).toEqual(log.stored);
    log.archive.blobs.delete(name);
    expect(await archiveLogs(log, () => undefined)).toMatchObject({ removed: 0, failed: 1 });
    expect(await log.read()).toEqual(log.stored);
  });

  test('is recorded as its blocks have it when the index of a blob that another has put is damaged', async () => {
    const log = await ArchivedLog.of([2, 2, 2, 2]);
    await archive(log);
    const name = segmentName(ID, 1);
    const { value: segment } = (await log.records.get(segmentRef(ID, 1)))!;
    const blob = Buffer.from(log.archive.blobs.get(name)!);
    const stated = `"last_ms":${segment.blocks[0]!.last_ms}`;
    const at = blob.indexOf(stated);
    expect(at).toBeGreaterThan(0);
    blob.write(`"last_ms":${segment.blocks[0]!.last_ms - 10 ** 12}`.padEnd(stated.length), at);
    log.archive.blobs.set(name, blob);
    await log.records.delete(segmentRef(ID, 1));
    await log.passSession();
    await archive(log);
    expect((await log.records.get(segmentRef(ID, 1)))!.value.blocks).toEqual(segment.blocks);
  });

  test('whose blob is gone after its records is never read as shorter', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4]);
    await archive(log);
    await log.passSession();
    await archive(log);
    log.archive.blobs.clear();
    await expect(log.read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

test('whole segments of a run that goes on are sealed, and what is less is left alone', async () => {
  const log = await ArchivedLog.of(
    Array.from({ length: 15 }, () => 2),
    [],
    {
      ...after(bootstrapped()),
      execution_id: ID,
    },
  );
  await log.records.transact(async (tx) => {
    const { log_since_ms: _, archive_due_at_ms: __, ...rest } = (await tx.get(executionRef(ID)))!;
    tx.set(executionRef(ID), rest);
  });
  expect(await archive(log)).toMatchObject({ sealed: 2 });
  expect(await log.read()).toEqual(log.stored);
  const writes = log.records.writes.length;
  expect(await archive(log)).toMatchObject({ sealed: 0 });
  expect(log.records.writes).toHaveLength(writes);
});

test('a segment is not above eight mebibytes and its blocks are read by themselves', async () => {
  const log = new ArchivedLog();
  log.segmentSize = SEGMENT_SIZE;
  const text = 'x'.repeat(49_000);
  for (let seq = 1; seq <= 400; seq += 2) {
    const lines = [seq, seq + 1].map((at) => ({ seq: at, stream: 'stdout' as const, ms: T0, text }));
    await appendBatch(log, ID, { from: seq, lines, expires_at: 0, key_id: '', mac: '' });
  }
  const { sealSegment } = await import('../../src/logs/seal-segment.ts');
  const segment = (await sealSegment(log, ID, { after: 0, until: Infinity }))!;
  expect(segment.bytes).toBeGreaterThanOrEqual(SEGMENT_SIZE.bytes);
  expect(segment.bytes).toBeLessThan(SEGMENT_SIZE.bytes + 100 * 1024);
  expect(segment.blocks.length).toBeGreaterThan(25);
  for (const { from } of segment.blocks) await log.records.delete(chunkRef(ID, from));
  log.archive.calls.length = 0;
  const [chunk] = await readChunkPage(log, ID, segment.blocks[20]!.from - 1, 1);
  expect(chunk!.from).toBe(segment.blocks[20]!.from);
  expect(log.archive.calls).toEqual([`get ${segmentName(ID, 1)}`]);
});

describe('a log that is older than logs are kept', () => {
  test('is said to be gone to whoever reads it while it goes, and never shown as shorter', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4]);
    const execution = await log.execution();
    await log.passSession();
    const { records } = log;
    const page = records.page.bind(records);
    let pages = 0;
    records.page = async (...asked) => {
      pages += 1;
      if (pages === 1) {
        log.clock.advance(30 * 86_400_000);
        await archiveLogs(Object.assign(log, { logRetentionDays: 30 }), told);
      }
      return page(...asked);
    };
    const proven = { ...execution, log_proven: true as const };
    await expect(readLogPage(log, proven, { after: 0, limit: 3 })).rejects.toMatchObject({ code: 'LOG_EXPIRED' });
    pages = 0;
    await expect(verifyLog(log, execution)).rejects.toMatchObject({ code: 'LOG_EXPIRED' });
  });

  test('goes with all that is left of it, and the run says since when', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 20 }, () => 5));
    await archive(log, 30);
    log.clock.advance(29 * 86_400_000);
    expect(await archive(log, 30)).toMatchObject({ expired: 0, removed: 20 });
    log.clock.advance(86_400_001);
    expect(await archive(log, 30)).toMatchObject({ expired: 1, failed: 0 });
    expect(await log.execution()).toMatchObject({ log_expired: { at_ms: log.clock.now(), kept_days: 30 } });
    expect([log.archive.blobs.size, log.chunkRecords()]).toEqual([0, 0]);
    expect(await log.records.get(segmentRef(ID, 1))).toBeUndefined();
    expect(await archive(log, 30)).toMatchObject({ expired: 0 });
    log.clock.advance(3_600_000);
    await archive(log, 30);
    const run = await log.execution();
    expect([run.log_since_ms, run.archive_due_at_ms]).toEqual([undefined, undefined]);
    expect(await archive(log, 30)).toMatchObject({ expired: 0 });
  });

  test('goes also with what another archiver seals that began before it expired, and dies behind that', async () => {
    const log = await ArchivedLog.of(Array.from({ length: 20 }, () => 5));
    const begun = await log.execution();
    await log.passSession();
    const put = log.archive.put.bind(log.archive);
    const transact = log.records.transact.bind(log.records);
    jest.spyOn(log.archive, 'put').mockImplementationOnce(async (name, content) => {
      await archive(log, 1);
      jest.spyOn(log.records, 'transact').mockImplementationOnce(async (work) => {
        await transact(work);
        throw new Error('dies');
      });
      return put(name, content);
    });
    await expect(sealEndedLog(log, begun)).rejects.toThrow('dies');
    expect((await log.execution()).log_expired).toBeDefined();
    expect(log.archive.blobs.size).toBe(1);
    log.clock.advance(3_600_000);
    await archive(log, 1);
    expect([log.archive.blobs.size, await log.records.get(segmentRef(ID, 1))]).toEqual([0, undefined]);
    expect((await log.execution()).log_since_ms).toBeUndefined();
  });

  test('takes lines along that came after it', async () => {
    const log = await ArchivedLog.of([4, 4, 4, 4, 4]);
    log.clock.advance(86_400_001);
    expect(await archive(log, 1)).toMatchObject({ expired: 1 });
    await log.store(batchesOf([4])[0]!);
    await log.passSession();
    expect(await archive(log, 1)).toMatchObject({ expired: 1 });
    expect([log.chunkRecords(), log.archive.blobs.size]).toEqual([0, 0]);
    expect((await log.execution()).log_since_ms).toBeUndefined();
  });

  test('stays where logs are kept for ever', async () => {
    const log = await ArchivedLog.of([4]);
    log.clock.advance(4_000 * 86_400_000);
    expect(await archive(log, 0)).toMatchObject({ expired: 0 });
    expect(await log.read()).toEqual(log.stored);
  });
});
