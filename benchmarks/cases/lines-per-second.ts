import { join } from 'node:path';
import { type ExecutionStatusBody, isTerminal, type LogsBody, type VerifyLogBody } from '@runvoy/protocol';
import { newGate } from '../../services/standalone/test/gate.ts';
import { startServer, type Server } from '../../services/standalone/test/server.ts';
import { writeLongLog } from '../long-log-file.ts';
import type { Benchmark, Measurement } from '../measurement.ts';
import { openSubject } from '../subject.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { machineClockUs } from '../timed-line.ts';
import { watchCpu } from '../watch-cpu.ts';
import { openWatchers } from '../watchers.ts';

const BATCH_MS = 10;
/** How many lines of 200 bytes, so that each takes some seconds, and how many follow them. */
const CROWDS = [
  { followers: 0, lines: 1_000_000 },
  { followers: 1, lines: 200_000 },
  { followers: 100, lines: 40_000 },
  { followers: 1_000, lines: 10_000 },
] as const;

/** A log that waits to be written, and by how many it is followed. */
interface Flood {
  readonly followers: number;
  readonly lines: number;
  readonly file: string;
  readonly directory: string;
}

/** What a flood took, from the moment it was let go to the last follower's last line, or to the run's end where nobody follows. */
interface Took {
  readonly wallS: number;
  readonly cpuS: Readonly<Record<string, number>>;
}

/** Lines that one command writes as fast as they are taken, into the store and to followers, against the smallest thing of the same shape. */
export const linesPerSecond: Benchmark = {
  name: 'lines-per-second',
  async run() {
    using directory = temporaryDirectory();
    const measured: Measurement[] = [];
    for (const { followers, lines } of CROWDS) {
      const file = join(directory.path, `${lines}.txt`);
      await writeLongLog(file, lines);
      const flood = { followers, lines, file, directory: directory.path };
      measured.push(...rows(flood, await ours(flood), await smallest(flood)));
    }
    return measured;
  },
};

async function ours(flood: Flood): Promise<Took> {
  const { followers, lines, file, directory } = flood;
  const gate = newGate(directory);
  await using server = await startServer();
  // The parent of the command is its runner.
  const run = await server.run(`echo $PPID; read x < ${gate.path}; cat ${file}`);
  const runner = Number(await firstLine(server, run.execution_id));
  const cpu = watchCpu({ server: server.ready.pid, runner });
  if (followers === 0) {
    const startUs = machineClockUs();
    gate.open();
    // The report that ends it is sent when every line was acknowledged.
    await ended(server, run.execution_id);
    const wallS = (machineClockUs() - startUs) / 1e6;
    const cpuS = cpu.stop();
    await requireWhole(server, run.execution_id, lines);
    return { wallS, cpuS };
  }
  await using watchers = await openWatchers(`${run.websocket_url}&after=0`, followers, lines + 1);
  const startUs = machineClockUs();
  gate.open();
  const { seenUs } = await watchers.done;
  return { wallS: (seenUs - startUs) / 1e6, cpuS: cpu.stop() };
}

/** Asks twenty times a second, and holds no answer against the document: both would take from what is measured. */
async function ended({ ready, key }: Server, id: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${ready.api_url}/api/v1/executions/${id}/status`, { headers: { 'X-API-Key': key } });
    const { status } = (await answer.json()) as ExecutionStatusBody;
    if (isTerminal(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the command has written first: the number of its runner. */
async function firstLine(server: Server, id: string): Promise<string> {
  for (;;) {
    const first = (await linesOf(server, id, 'limit=10')).find((line) => /^\d+$/.test(line));
    if (first !== undefined) return first;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function requireWhole(server: Server, id: string, lines: number): Promise<void> {
  const { completeness } = await server.call<VerifyLogBody>('GET', `/api/v1/executions/${id}/logs/verify`);
  if (completeness !== 'complete') throw new Error(`verify says ${completeness}`);
  const last = (await linesOf(server, id, 'tail=10')).findLast((line) => !line.startsWith('### runvoy'));
  if (!last?.startsWith(`${lines} `)) throw new Error(`line ${lines} was to be the last, and that is: ${last}`);
}

async function linesOf(server: Server, id: string, query: string): Promise<string[]> {
  const { events } = await server.call<LogsBody>('GET', `/api/v1/executions/${id}/logs?${query}`);
  return (events ?? []).map(({ message }) => message);
}

async function smallest({ followers, lines, file, directory }: Flood): Promise<Took> {
  const gate = newGate(directory);
  const command = `read x < ${gate.path}; cat ${file}`;
  await using subject = await openSubject('smallest-log', directory, String(BATCH_MS), command);
  const url = followers === 0 ? `${subject.ready['url']}&only_end` : subject.ready['url']!;
  await using watchers = await openWatchers(url, Math.max(1, followers), followers === 0 ? 0 : lines);
  const before = await subject.usage();
  const startUs = machineClockUs();
  gate.open();
  const { seenUs } = await watchers.done;
  const { cpuS } = await subject.usage();
  return { wallS: (seenUs - startUs) / 1e6, cpuS: { all: cpuS - before.cpuS } };
}

function rows({ followers, lines }: Flood, took: Took, floor: Took): Measurement[] {
  const to = followers === 0 ? 'into the store' : `to followers: ${followers.toLocaleString('en-US')}`;
  const rate = ({ wallS }: Took) => lines / 1_000 / wallS;
  const perCpuS = (cpuS: number) => (lines * Math.max(1, followers)) / 1_000 / cpuS;
  const what = 'the smallest log';
  const { server, runner } = took.cpuS as { server: number; runner: number };
  const floorCpu = { what, value: perCpuS(floor.cpuS['all']!) };
  return [
    { what: `lines of one command ${to}`, value: rate(took), unit: 'k lines/s', floor: { what, value: rate(floor) } },
    {
      what: 'the same, CPU of server and runner',
      value: perCpuS(server + runner),
      unit: 'k lines/CPU-s',
      floor: floorCpu,
    },
    { what: 'the same, CPU of the server', value: perCpuS(server), unit: 'k lines/CPU-s' },
  ];
}
