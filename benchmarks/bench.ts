import { cpus, totalmem } from 'node:os';
import { append } from './cases/append.ts';
import { cancelEmulated, cancelHere } from './cases/cancel.ts';
import { emulatedLatency } from './cases/emulated-latency.ts';
import { emulatedCrowd, emulatedLines } from './cases/emulated-lines.ts';
import { executions } from './cases/executions.ts';
import { fanOut } from './cases/fan-out.ts';
import { firstLine } from './cases/first-line.ts';
import { freshClone } from './cases/fresh-clone.ts';
import { followersMemory } from './cases/followers-memory.ts';
import { image } from './cases/image.ts';
import { leanStart } from './cases/lean-start.ts';
import { lineLatency, lineLatencyCrowd, lineLatencyLone } from './cases/line-latency.ts';
import { linesPerSecond } from './cases/lines-per-second.ts';
import { listPages } from './cases/list-pages.ts';
import { mask } from './cases/mask.ts';
import { million } from './cases/million.ts';
import { readBack } from './cases/read-back.ts';
import { runnerLines } from './cases/runner-lines.ts';
import { segments } from './cases/segments.ts';
import { start } from './cases/start.ts';
import { storeLines } from './cases/store-lines.ts';
import { submit } from './cases/submit.ts';
import type { Benchmark, Measurement } from './measurement.ts';

/** Everything that is measured, quick ones first. */
const BENCHMARKS: readonly Benchmark[] = [
  submit,
  firstLine,
  executions,
  fanOut,
  lineLatency,
  lineLatencyLone,
  lineLatencyCrowd,
  linesPerSecond,
  followersMemory,
  append,
  storeLines,
  mask,
  runnerLines,
  million,
  readBack,
  segments,
  start,
  leanStart,
  image,
  listPages,
  cancelHere,
  cancelEmulated,
  emulatedLatency,
  emulatedLines,
  emulatedCrowd,
  freshClone,
];

/** Runs the benchmarks whose names contain one of the arguments, or all, and prints a table for README.md. */
async function main(wanted: readonly string[]): Promise<void> {
  const chosen = BENCHMARKS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
  if (chosen.length === 0)
    throw new Error(`No benchmark named so. There are: ${BENCHMARKS.map((b) => b.name).join(', ')}`);
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(`Node ${process.version}, ${process.platform}-${process.arch}, ${cpus().length} cores, ${memory} GiB\n`);
  console.log('| measured | value | floor of the same run | ratio |');
  console.log('| --- | --- | --- | --- |');
  for (const benchmark of chosen) {
    for (const measurement of await benchmark.run()) console.log(row(measurement));
  }
}

function row({ what, value, unit, floor }: Measurement): string {
  const shown = (number: number) => `${number >= 100 ? Math.round(number) : number.toPrecision(3)} ${unit}`;
  const against = floor ? `${shown(floor.value)} (${floor.what})` : '—';
  return `| ${what} | ${shown(value)} | ${against} | ${floor ? (value / floor.value).toFixed(2) : '—'} |`;
}

await main(process.argv.slice(2));
