import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import {
  archiveLogs,
  chunkRef,
  executionRef,
  manualClock,
  newChunk,
  readRawBatches,
  segmentsAfter,
  type ArchiveDeps,
  type LogSegment,
} from '@runvoy/core';
import { digestRow } from '@runvoy/protocol';
import { openFileArchive, openSqliteRecords } from '@runvoy/provider-local';
import { longLines } from '../long-log-file.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { sampleExecution } from '../sample-run.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 100_000;
/** As many as a batch of a busy runner holds. */
const LINES_A_CHUNK = 370;
const BLOCK_BYTES = 256 * 1024;
const READS = 5;
const DAY_MS = 86_400_000;
const RUN = sampleExecution(1);

/** A log of 100,000 lines, 20 MB, as chunks, while it is sealed, and as segments; against zstd alone and the chunks. */
export const segments: Benchmark = {
  name: 'segments',
  async run() {
    using directory = temporaryDirectory();
    const records = openSqliteRecords(join(directory.path, 'log.sqlite'));
    try {
      const archive = await openFileArchive(join(directory.path, 'archive'));
      const clock = manualClock(RUN.completed_at_ms! + DAY_MS);
      return await measure({ records, archive, clock });
    } finally {
      records.close();
    }
  },
};

async function measure(log: ArchiveDeps & { readonly clock: ReturnType<typeof manualClock> }): Promise<Measurement[]> {
  const bodies = await writeLog(log);
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const asChunks = await readWhole(log);
  const sealS = await cpuS(() => archiveLogs(log, rethrow));
  const sealed = await Array.fromAsync(segmentsAfter(log, RUN.execution_id, 0));
  const plainS = await cpuS(async () => void compressed(bodies));
  // Their records go when no lane can bring a line again.
  log.clock.advance(30 * DAY_MS);
  const { removed } = await archiveLogs(log, rethrow);
  if (removed !== bodies.length) throw new Error(`${removed} of ${bodies.length} chunks were removed`);
  const asSegments = await readWhole(log);
  const mb = bytes / 1e6;
  return [
    {
      what: 'a log sealed, CPU',
      value: mb / sealS,
      unit: 'MB/CPU-s',
      floor: { what: 'zstd alone over the same blocks', value: mb / plainS },
    },
    {
      what: 'its size in the archive',
      value: (100 * sum(sealed, ({ stored_bytes }) => stored_bytes)) / bytes,
      unit: '% of its chunks',
      floor: {
        what: 'zstd over all of it at once',
        value: (100 * zstdCompressSync(Buffer.concat(bodies)).length) / bytes,
      },
    },
    {
      what: '100,000 lines read from segments, CPU',
      value: asSegments.cpuMs,
      unit: 'ms',
      floor: { what: 'read from chunks', value: asChunks.cpuMs },
    },
    {
      what: 'first lines from segments, p50',
      value: asSegments.firstMs,
      unit: 'ms',
      floor: { what: 'from chunks', value: asChunks.firstMs },
    },
  ];
}

/** Stores an ended run and its log. Returns the bodies of its chunks. */
async function writeLog({ records }: ArchiveDeps): Promise<Uint8Array[]> {
  const id = RUN.execution_id;
  const bodies: Uint8Array[] = [];
  const hash = createHash('sha256');
  for (let from = 1; from <= LINES; from += LINES_A_CHUNK) {
    const lines = longLines(from, Math.min(LINES, from + LINES_A_CHUNK - 1));
    for (const line of lines) hash.update(digestRow(line));
    const chunk = newChunk(id, { from, lines, expires_at: 0, key_id: '', mac: '' }, 0);
    await records.create(chunkRef(id, from), chunk);
    bodies.push(chunk.body);
  }
  const atMs = RUN.completed_at_ms!;
  await records.create(executionRef(id), {
    ...RUN,
    log_since_ms: atMs,
    archive_due_at_ms: atMs,
    end_record: { lines: LINES, bytes: 199 * LINES, sha256: hash.digest('hex'), maskings: 0 },
  });
  return bodies;
}

/** The median of some reads: CPU of all of it, and how long the first lines take. */
async function readWhole(log: ArchiveDeps): Promise<{ readonly cpuMs: number; readonly firstMs: number }> {
  const costs: number[] = [];
  const firsts: number[] = [];
  for (let read = 0; read <= READS; read += 1) {
    const began = performance.now();
    let lines = 0;
    const used = await cpuS(async () => {
      for await (const batch of readRawBatches(log, RUN.execution_id, 0)) {
        if (lines === 0) firsts.push(performance.now() - began);
        lines += batch.length;
      }
    });
    if (lines !== LINES) throw new Error(`${lines} lines were read`);
    costs.push(used * 1_000);
  }
  // The first one also compiles.
  return { cpuMs: median(costs.slice(1)), firstMs: median(firsts.slice(1)) };
}

function compressed(bodies: readonly Uint8Array[]): number {
  let total = 0;
  let block: Uint8Array[] = [];
  let size = 0;
  const flush = () => {
    total += zstdCompressSync(Buffer.concat(block), { params: { [constants.ZSTD_c_checksumFlag]: 1 } }).length;
    [block, size] = [[], 0];
  };
  for (const body of bodies) {
    block.push(body);
    size += body.length;
    if (size >= BLOCK_BYTES) flush();
  }
  if (size > 0) flush();
  return total;
}

async function cpuS(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const sum = (all: readonly LogSegment[], of: (one: LogSegment) => number) =>
  all.reduce((total, one) => total + of(one), 0);
const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;

function rethrow(error: unknown): never {
  throw error;
}
