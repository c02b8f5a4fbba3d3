import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VerifyLogBody } from '@runvoy/protocol';
import { startServer, type Server } from '../../services/standalone/test/server.ts';
import { writeLongLog } from '../long-log-file.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { usageOf, watchMemory } from '../process-usage.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 1_000_000;
const MIB = 2 ** 20;
const FOLLOWER = fileURLToPath(new URL('../subjects/counting-follower.ts', import.meta.url));

/** A command that writes a million lines, 200 MB, on the standalone server: followed, read back, searched and verified. */
export const million: Benchmark = {
  name: 'million',
  async run() {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'log.txt');
    await writeLongLog(file, LINES);
    await using server = await startServer();
    // The parent of the command is its runner.
    const run = await server.run(`echo $PPID; cat ${file}`);
    const follower = fork(FOLLOWER, [run.websocket_url]);
    try {
      return await measure(server, run.execution_id, follower);
    } finally {
      follower.kill('SIGKILL');
    }
  },
};

async function measure(server: Server, id: string, follower: ChildProcess): Promise<Measurement[]> {
  const [{ first }] = (await once(follower, 'message')) as [{ first: string }];
  const pids = { server: server.ready.pid, runner: Number(first), follower: follower.pid! };
  const memory = watchMemory(pids);
  const before = usageOf(pids.server);
  const [seen] = (await once(follower, 'message')) as [{ lines: number; isInOrder: boolean; completeness: string }];
  const after = usageOf(pids.server);
  if (seen.lines !== LINES + 1 || !seen.isInOrder || seen.completeness !== 'complete') {
    throw new Error(`the follower saw ${JSON.stringify(seen)}`);
  }
  const wallS = (after.atMs - before.atMs) / 1_000;
  const written = memory.stop();
  const reading = watchMemory({ server: pids.server });
  const text = await read(server, `/api/v1/executions/${id}/logs.txt`);
  const search = await read(server, `/api/v1/executions/${id}/logs/search?q=module-996.ts`);
  const verifying = performance.now();
  const verified = await server.call<VerifyLogBody>('GET', `/api/v1/executions/${id}/logs/verify`);
  if (verified.completeness !== 'complete') throw new Error(`verify says ${verified.completeness}`);
  const verifyMs = performance.now() - verifying;
  const readers = reading.stop();
  const grown = (name: string) => {
    const { start, peak } = written.get(name)!;
    return {
      what: `the same, memory of the ${name} at most (${Math.round(start / MIB)} MiB at its first line)`,
      value: peak / MIB,
      unit: 'MiB',
    };
  };
  return [
    {
      what: 'a million lines, 200 MB, one command to the end at a follower',
      value: LINES / wallS / 1_000,
      unit: 'k lines/s',
    },
    { what: 'the same, CPU of the server', value: LINES / 1_000 / (after.cpuS - before.cpuS), unit: 'k lines/CPU-s' },
    ...['server', 'runner', 'follower'].map(grown),
    { what: 'a million lines as text, first byte', value: text.firstByteMs, unit: 'ms' },
    { what: 'a million lines as text, all of it', value: text.totalMs, unit: 'ms' },
    ...(search.status === 200 ? [{ what: 'a million lines searched', value: search.totalMs, unit: 'ms' }] : []),
    { what: 'a million lines verified', value: verifyMs, unit: 'ms' },
    {
      what: `memory of the server by these reads at most (${Math.round(readers.get('server')!.start / MIB)} MiB before)`,
      value: readers.get('server')!.peak / MIB,
      unit: 'MiB',
    },
  ];
}

async function read(server: Server, path: string): Promise<{ status: number; firstByteMs: number; totalMs: number }> {
  const before = performance.now();
  const answer = await fetch(server.ready.api_url + path, { headers: { 'X-API-Key': server.key } });
  let firstByteMs = 0;
  for await (const chunk of answer.body!) {
    if (firstByteMs === 0 && chunk.length > 0) firstByteMs = performance.now() - before;
  }
  return { status: answer.status, firstByteMs, totalMs: performance.now() - before };
}
