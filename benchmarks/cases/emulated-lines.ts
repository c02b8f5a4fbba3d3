import { join } from 'node:path';
import { newGate } from '../../services/standalone/test/gate.ts';
import type { Asked } from '../counted-store.ts';
import { openEmulatedBench, type EmulatedBench } from '../emulated-bench.ts';
import { writeLongLog } from '../long-log-file.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { machineClockUs } from '../timed-line.ts';
import { openWatchers, type Watched } from '../watchers.ts';

const LINE_BYTES = 200;
const CROWDS = [
  { followers: 1, lines: 30_000 },
  { followers: 100, lines: 10_000 },
  { followers: 1_000, lines: 5_000 },
];
/** As many as a runner has on their way. */
const AT_ONCE = 4;
/** What Google takes of one run, as its documents lie side by side. */
const GOOGLE_BYTES_PER_S = 4e6;
const BARE = 100;

/**
 * Lines that one command writes as fast as they are taken on the emulated Google stack, and what they ask of the store, against bare
 * creates of documents of the same size by Google's client.
 */
export const emulatedLines: Benchmark = {
  name: 'emulated-lines',
  async run() {
    await using emulated = await openEmulatedBench();
    const measured: Measurement[] = [];
    for (const { followers, lines } of CROWDS) measured.push(...(await flood(emulated, followers, lines)));
    return measured;
  },
};

async function flood(emulated: EmulatedBench, followers: number, lines: number): Promise<Measurement[]> {
  const { server, sharedDirectory, bare } = emulated;
  const file = join(sharedDirectory, `${lines}.txt`);
  await writeLongLog(file, lines);
  const gate = newGate(sharedDirectory);
  const run = await server.run(`read x < ${gate.path}; cat ${file}`);
  await using watchers = await openWatchers(`${run.websocket_url}&after=0`, followers, lines);
  await emulated.asked();
  const cpu = emulated.watchCpu();
  const startUs = machineClockUs();
  gate.open();
  const seen = await watchers.done;
  const wallS = (seen.seenUs - startUs) / 1e6;
  if (followers > 1) cpu.stop();
  const rate: Measurement = {
    what: `lines of one command, emulated Google, to followers: ${followers.toLocaleString('en-US')}`,
    value: lines / 1_000 / wallS,
    unit: 'k lines/s',
  };
  if (followers > 1) return [rate];
  await server.finished(run.execution_id);
  const usedMs = cpu.stop();
  const asked = await emulated.asked();
  const chunkBytes = seen.bytes / seen.frames;
  const bareS = await bare.createMany({ bytes: Math.round(chunkBytes), count: BARE, atOnce: AT_ONCE });
  const alone = await bare.createTimes(Math.round(chunkBytes), BARE / 4);
  return [rate, ...requests(seen, asked), ...costs(seen, usedMs), ...sizes(seen, { lines, wallS, bareS, alone })];
}

function costs({ frames }: Watched, usedMs: ReadonlyMap<string, number>): Measurement[] {
  const named = [...usedMs].filter(([, ms]) => ms / frames >= 0.1).toSorted(([, a], [, b]) => b - a);
  return named.map(([name, ms]) => ({ what: `the same, CPU of ${name} a chunk`, value: ms / frames, unit: 'ms' }));
}

function requests({ frames, bytes }: Watched, { counts, bytes: askedBytes, answerBytes }: Asked): Measurement[] {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const named = Object.entries(counts).map(([call, count]) => `${call} ${count}`);
  return [
    { what: 'the same, chunks', value: frames, unit: 'chunks' },
    {
      what: `the same, requests to the store a chunk in both lanes (${named.join(', ')})`,
      value: all / frames,
      unit: 'requests',
    },
    { what: 'the same, sent to the store a byte of chunks', value: askedBytes / bytes, unit: 'bytes' },
    { what: 'the same, sent by the store a byte of chunks', value: answerBytes / bytes, unit: 'bytes' },
  ];
}

function sizes(
  { frames, bytes }: Watched,
  { lines, wallS, bareS, alone }: { lines: number; wallS: number; bareS: number; alone: readonly number[] },
): Measurement[] {
  const chunkBytes = bytes / frames;
  return [
    { what: 'the same, size of a chunk', value: chunkBytes / 1_024, unit: 'KiB' },
    {
      what: 'the same, chunks stored',
      value: bytes / 1e6 / wallS,
      unit: 'MB/s',
      floor: { what: 'bare creates, 4 at a time', value: (BARE * chunkBytes) / 1e6 / bareS },
    },
    {
      what: 'the same, writes/s of a run at 4 MB/s of output',
      value: (GOOGLE_BYTES_PER_S / (lines * LINE_BYTES)) * frames,
      unit: '/s',
    },
    { what: 'emulator, a create of that size, alone, p50', value: percentile(alone, 0.5), unit: 'ms' },
  ];
}
