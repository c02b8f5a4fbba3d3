import { join } from 'node:path';
import { runnerSession } from '@runvoy/core';
import { openSigningKeys } from '@runvoy/provider-local';
import { startServer } from '../../services/standalone/test/server.ts';
import { postBatches, signedBatches } from '../batch-load.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { usageOf, watchMemory } from '../process-usage.ts';
import { openSubject } from '../subject.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/** Lines that are posted before anything counts, and between two looks at what was used. */
const ROUND = 100_000;
const ROUNDS = 6;
const MIB = 2 ** 20;
const ID = 'e'.repeat(32);

/** Signed batches of 100 KiB, four at a time, into a standalone server that has nothing else to do; against a bare server with one insert a batch. */
export const storeLines: Benchmark = {
  name: 'intake',
  async run() {
    using directory = temporaryDirectory();
    const ours = await ofServer(join(directory.path, 'ours'));
    const bare = await ofFloor(directory.path);
    return [
      {
        what: 'lines of 200 bytes into the store',
        value: ours.linesPerCpuS / 1_000,
        unit: 'k lines/CPU-s',
        floor: { what: 'node:http, JSON.parse, HMAC, one insert a batch', value: bare.linesPerCpuS / 1_000 },
      },
      memoryOf('the same, memory at most', ours),
      memoryOf('the floor, memory at most', bare),
    ];
  },
};

interface Taken {
  readonly linesPerCpuS: number;
  readonly startBytes: number;
  readonly peakBytes: number;
}

async function ofServer(dataDir: string): Promise<Taken> {
  await using server = await startServer({ dataDir });
  const keys = await openSigningKeys(join(dataDir, 'signing-keys.json'));
  return await fill(server.ready.pid, join(dataDir, 'intake.sock'), runnerSession(keys, ID, Date.now() + 3_600_000));
}

async function ofFloor(directory: string): Promise<Taken> {
  const key = 'ab'.repeat(32);
  await using subject = await openSubject('bare-intake', directory, key);
  const { path, pid } = subject.ready;
  return await fill(Number(pid), path!, { key, key_id: 'k', expires_at: Date.now() + 3_600_000 });
}

async function fill(pid: number, socketPath: string, session: ReturnType<typeof runnerSession>): Promise<Taken> {
  await round(0);
  const memory = watchMemory({ pid });
  let cpuS = 0;
  for (let at = 1; at < ROUNDS; at += 1) cpuS += await round(at);
  const { start, peak } = memory.stop().get('pid')!;
  return { linesPerCpuS: ((ROUNDS - 1) * ROUND) / cpuS, startBytes: start, peakBytes: peak };

  async function round(at: number): Promise<number> {
    const batches = signedBatches(ID, session, at * ROUND + 1, (at + 1) * ROUND);
    const before = usageOf(pid).cpuS;
    await postBatches(socketPath, ID, batches);
    return usageOf(pid).cpuS - before;
  }
}

function memoryOf(what: string, { startBytes, peakBytes }: Taken): Measurement {
  return {
    what: `${what} (${Math.round(startBytes / MIB)} MiB after ${ROUND} lines)`,
    value: peakBytes / MIB,
    unit: 'MiB',
  };
}
