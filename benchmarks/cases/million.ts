import { execFile, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SearchLogBody, VerifyLogBody } from '@runvoy/protocol';
import { CLI_MAIN, startServer, type Server } from '../../services/standalone/test/server.ts';
import { writeLongLog } from '../long-log-file.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { usageOf, watchMemory } from '../process-usage.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 1_000_000;
/** By then everything is compiled, and the young generation has the size that it keeps. */
const WARM_LINES = 200_000;
const MIB = 2 ** 20;
/** What is searched for, as `grep` and the server are asked for it; the last is in no line. */
const SEARCHES = [
  { how: 'a text', grep: ['-F', 'module-996.ts'], query: 'q=module-996.ts' },
  {
    how: 'an expression',
    grep: ['-E', 'module-99[0-6]\\.ts in [0-9]+ ms'],
    query: `regex=true&q=${encodeURIComponent('module-99[0-6]\\.ts in [0-9]+ ms')}`,
  },
  { how: 'a text that is not there', grep: ['-F', 'segmentation fault'], query: 'q=segmentation%20fault' },
] as const;
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
    const follower = fork(FOLLOWER, [run.websocket_url, String(WARM_LINES)]);
    try {
      return await measure(server, run.execution_id, follower, file);
    } finally {
      follower.kill('SIGKILL');
    }
  },
};

async function measure(server: Server, id: string, follower: ChildProcess, file: string): Promise<Measurement[]> {
  const [{ first }] = (await once(follower, 'message')) as [{ first: string }];
  const pids = { server: server.ready.pid, runner: Number(first), follower: follower.pid! };
  const begun = watchMemory(pids);
  const before = usageOf(pids.server);
  await once(follower, 'message');
  const warm = begun.stop();
  const memory = watchMemory(pids);
  const [seen] = (await once(follower, 'message')) as [{ lines: number; isInOrder: boolean; completeness: string }];
  const after = usageOf(pids.server);
  if (seen.lines !== LINES + 1 || !seen.isInOrder || seen.completeness !== 'complete') {
    throw new Error(`the follower saw ${JSON.stringify(seen)}`);
  }
  const wallS = (after.atMs - before.atMs) / 1_000;
  const written = memory.stop();
  const reading = watchMemory({ server: pids.server });
  const text = await read(server, `/api/v1/executions/${id}/logs.txt`);
  const searched = await searches(server, id, file);
  const verifying = performance.now();
  const verified = await server.call<VerifyLogBody>('GET', `/api/v1/executions/${id}/logs/verify`);
  if (verified.completeness !== 'complete') throw new Error(`verify says ${verified.completeness}`);
  const verifyMs = performance.now() - verifying;
  const access = { RUNVOY_API_ENDPOINT: server.ready.api_url, RUNVOY_API_KEY: server.key };
  const commandMs = await timeOf(process.execPath, [CLI_MAIN, 'logs', id, '--verify'], access);
  const readers = reading.stop();
  const sha256 = { what: 'sha256sum of the same bytes', value: await timeOf('sha256sum', [file]) };
  const grown = (name: string) => {
    const [early, later] = [warm, written].map((of) => of.get(name)!.peak / MIB) as [number, number];
    const floor = { what: `at most of the first ${WARM_LINES.toLocaleString('en-US')} lines`, value: early };
    return { what: `the same, memory of the ${name} at most, later`, value: later, unit: 'MiB', floor };
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
    ...searched,
    { what: 'a million lines verified', value: verifyMs, unit: 'ms', floor: sha256 },
    { what: 'the same by `runvoy logs --verify`', value: commandMs, unit: 'ms', floor: sha256 },
    {
      what: `memory of the server by these reads at most (${Math.round(readers.get('server')!.start / MIB)} MiB before)`,
      value: readers.get('server')!.peak / MIB,
      unit: 'MiB',
    },
  ];
}

/** Searches the whole log, request by request, beside `grep` over the same lines: both must count the same. */
async function searches(server: Server, id: string, file: string): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const { how, grep, query } of SEARCHES) {
    const before = performance.now();
    let [after, total] = [0, 0];
    for (let isOver = false; !isOver;) {
      const path = `/api/v1/executions/${id}/logs/search?${query}&limit=0&after=${after}`;
      const found = await server.call<SearchLogBody>('GET', path);
      total += found.total;
      after = found.through;
      isOver = found.complete;
    }
    const ms = performance.now() - before;
    const { count, grepMs } = await grepped(grep, file);
    if (count !== total) throw new Error(`grep ${grep.join(' ')} finds ${count} lines, the search ${total}`);
    const floor = { what: 'grep over the same bytes', value: grepMs };
    measured.push({ what: `a million lines searched for ${how}`, value: ms, unit: 'ms', floor });
  }
  return measured;
}

async function grepped(args: readonly string[], file: string): Promise<{ count: number; grepMs: number }> {
  const before = performance.now();
  // It answers 1 when it finds none.
  const { stdout } = await promisify(execFile)('sh', ['-c', 'grep -c "$@" || [ $? = 1 ]', 'sh', ...args, file], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { count: Number(stdout), grepMs: performance.now() - before };
}

async function timeOf(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const before = performance.now();
  await promisify(execFile)(program, [...args], { env: { ...process.env, ...env } });
  return performance.now() - before;
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
