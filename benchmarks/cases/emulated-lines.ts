import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { executionRef } from '@runvoy/core';
import { newGate } from '../../services/standalone/test/gate.ts';
import type { Asked } from '../counted-store.ts';
import { openEmulatedBench, type EmulatedBench } from '../emulated-bench.ts';
import { writeLongLog } from '../long-log-file.ts';
import { percentile, type Benchmark, type Measurement } from '../measurement.ts';
import { storedChunks, type StoredChunks } from '../stored-chunks.ts';
import { machineClockUs } from '../timed-line.ts';
import { openWatchers } from '../watchers.ts';

const LINE_BYTES = 200;
const LINES = 30_000;
const CROWDS = [
  { followers: 100, lines: 10_000 },
  { followers: 1_000, lines: 5_000 },
];
/** As many as a runner has on their way on Google Cloud. */
const AT_ONCE = 8;
/** What Google takes of one run, as its documents lie side by side. */
const GOOGLE_BYTES_PER_S = 4e6;
const LOOK_MS = 250;
/** The second lane is behind the first by what its messages wait for on their way. */
const SECOND_LANE_MS = 3_000;

/**
 * Lines that one command writes as fast as they are taken on the emulated Google stack, and what they ask of the store: with nobody who
 * follows, against bare creates of documents of the same size by Google's client; with one who follows, against the same creates while a
 * listener of Google's client hears of them, as the emulator tells a listener of the whole result at each change.
 */
export const emulatedLines: Benchmark = {
  name: 'emulated-lines',
  async run() {
    await using emulated = await openEmulatedBench();
    return [...(await flood(emulated)), ...(await followedFlood(emulated))];
  },
};

/** The same for a hundred and a thousand who follow. */
export const emulatedCrowd: Benchmark = {
  name: 'emulated-crowd',
  async run() {
    await using emulated = await openEmulatedBench();
    const measured: Measurement[] = [];
    for (const { followers, lines } of CROWDS) measured.push(await crowded(emulated, followers, lines));
    return measured;
  },
};

async function flood(emulated: EmulatedBench): Promise<Measurement[]> {
  const { gate, id } = await startWriter(emulated, LINES);
  await emulated.asked();
  const cpu = emulated.watchCpu();
  gate.open();
  await ended(emulated, id);
  await pause(SECOND_LANE_MS);
  const usedMs = cpu.stop();
  const asked = await emulated.asked();
  const stored = await storedChunks(emulated.records, id);
  const floor = await emulated.bare.createMany({ ...sameDocuments(stored), atOnce: AT_ONCE });
  const alone = await emulated.bare.createTimes(sameDocuments(stored).bytes, 25);
  return [
    rateOf('emulated Google, one command, chunks stored, nobody follows', stored, {
      what: `bare creates, ${AT_ONCE} at a time`,
      value: stored.bytes / 1e6 / floor,
    }),
    { what: 'the same, chunks', value: stored.count, unit: 'chunks' },
    { what: 'the same, size of a chunk', value: stored.bytes / stored.count / 1_024, unit: 'KiB' },
    ...requests(stored, asked),
    ...costs(stored, usedMs),
    {
      what: 'the same, chunks/s at 4 MB/s of chunks',
      value: (GOOGLE_BYTES_PER_S / stored.bytes) * stored.count,
      unit: '/s',
    },
    {
      what: 'the same, chunks/s at 4 MB/s of output',
      value: (GOOGLE_BYTES_PER_S / (LINES * LINE_BYTES)) * stored.count,
      unit: '/s',
    },
    { what: 'emulator, a create of that size, alone, p50', value: percentile(alone, 0.5), unit: 'ms' },
  ];
}

async function followedFlood(emulated: EmulatedBench): Promise<Measurement[]> {
  const { gate, id, address } = await startWriter(emulated, LINES);
  await using watchers = await openWatchers(address, 1, LINES);
  await emulated.asked();
  const cpu = emulated.watchCpu();
  const startUs = machineClockUs();
  gate.open();
  const seen = await watchers.done;
  await ended(emulated, id);
  const usedMs = cpu.stop();
  const asked = await emulated.asked();
  const stored = await storedChunks(emulated.records, id);
  const floor = await emulated.bare.createListened({ ...sameDocuments(stored), atOnce: AT_ONCE });
  return [
    rateOf('emulated Google, one command, chunks stored, 1 follower', stored, {
      what: `bare creates, ${AT_ONCE} at a time, a bare listener`,
      value: stored.bytes / 1e6 / floor,
    }),
    {
      what: 'lines of one command, emulated Google, to followers: 1',
      value: LINES / 1_000 / ((seen.seenUs - startUs) / 1e6),
      unit: 'k lines/s',
    },
    { what: 'the same, sent by the store a byte of chunks', value: asked.answerBytes / stored.bytes, unit: 'bytes' },
    ...costs(stored, usedMs),
  ];
}

async function crowded(emulated: EmulatedBench, followers: number, lines: number): Promise<Measurement> {
  const { gate, address } = await startWriter(emulated, lines);
  await using watchers = await openWatchers(address, followers, lines);
  const startUs = machineClockUs();
  gate.open();
  const seen = await watchers.done;
  return {
    what: `lines of one command, emulated Google, to followers: ${followers.toLocaleString('en-US')}`,
    value: lines / 1_000 / ((seen.seenUs - startUs) / 1e6),
    unit: 'k lines/s',
  };
}

/** A run that waits at a gate, and writes so many lines behind it. */
async function startWriter({ server, sharedDirectory }: EmulatedBench, lines: number) {
  const file = join(sharedDirectory, `${lines}.txt`);
  await writeLongLog(file, lines);
  const gate = newGate(sharedDirectory);
  const run = await server.run(`read x < ${gate.path}; cat ${file}`);
  return { gate, id: run.execution_id, address: `${run.websocket_url}&after=0` };
}

/** Looks into the store past the relay: what is counted is the run's alone. */
async function ended({ records }: EmulatedBench, id: string): Promise<void> {
  while ((await records.get(executionRef(id)))?.value.status !== 'SUCCEEDED') await pause(LOOK_MS);
}

function rateOf(what: string, { bytes, storedS }: StoredChunks, floor: Measurement['floor'] & object): Measurement {
  return { what, value: bytes / 1e6 / storedS, unit: 'MB/s', floor };
}

const sameDocuments = ({ count, bytes }: StoredChunks) => ({ count, bytes: Math.round(bytes / count) });

function costs({ count }: StoredChunks, usedMs: ReadonlyMap<string, number>): Measurement[] {
  const named = [...usedMs].filter(([, ms]) => ms / count >= 0.1).toSorted(([, a], [, b]) => b - a);
  return named.map(([name, ms]) => ({ what: `the same, CPU of ${name} a chunk`, value: ms / count, unit: 'ms' }));
}

function requests({ count, bytes }: StoredChunks, { counts, bytes: askedBytes, answerBytes }: Asked): Measurement[] {
  const all = Object.values(counts).reduce((sum, calls) => sum + calls, 0);
  const named = Object.entries(counts).map(([call, calls]) => `${call} ${calls}`);
  return [
    {
      what: `the same, requests to the store a chunk in both lanes (${named.join(', ')})`,
      value: all / count,
      unit: 'requests',
    },
    { what: 'the same, sent to the store a byte of chunks', value: askedBytes / bytes, unit: 'bytes' },
    { what: 'the same, sent by the store a byte of chunks', value: answerBytes / bytes, unit: 'bytes' },
  ];
}
