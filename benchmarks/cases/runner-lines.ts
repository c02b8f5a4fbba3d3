import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeLongLog } from '../long-log-file.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { usageOf, type ProcessUsage } from '../process-usage.ts';
import { openSink } from '../sink.ts';
import { costBetween, superviseRun, type SupervisedRun } from '../supervised-run.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 1_000_000;
const ROUNDS = 3;
const MIB = 2 ** 20;
const BARE = fileURLToPath(new URL('../subjects/bare-runner.ts', import.meta.url));

/** What a runner costs a line of a command that writes as fast as it can, beside the smallest process of the same shape, in turns. */
export const runnerLines: Benchmark = {
  name: 'runner-lines',
  async run() {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'log.txt');
    await writeLongLog(file, LINES);
    const runs: Record<'ours' | 'bare', SupervisedRun[]> = { ours: [], bare: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.ours.push(await superviseRun(`cat ${file}`));
      runs.bare.push(await bareRun(file));
    }
    const median = (of: readonly SupervisedRun[], value: (run: SupervisedRun) => number) =>
      percentile(of.map(value), 0.5);
    const beside = (what: string, unit: string, value: (run: SupervisedRun) => number) => {
      const floor = { what: 'the smallest process of this shape', value: median(runs.bare, value) };
      return { what, unit, value: median(runs.ours, value), floor };
    };
    return [
      beside('runner, a million lines of 200 bytes', 'k lines/CPU-s', ({ cpuS }) => LINES / 1_000 / cpuS),
      beside('the same, memory grown', 'MiB', ({ peakBytes, startBytes }) => (peakBytes - startBytes) / MIB),
    ];
  },
};

async function bareRun(file: string): Promise<SupervisedRun> {
  using directory = temporaryDirectory();
  const first = Promise.withResolvers<ProcessUsage>();
  const last = Promise.withResolvers<ProcessUsage>();
  await using sink = await openSink(join(directory.path, 'sink.sock'), (call, pid) => {
    (call === 'finished' ? last : first).resolve(usageOf(Number(pid)));
    return {};
  });
  const script = 'cat "$1" | "$2" "$3" "$4" "$5"';
  const args = [file, process.execPath, BARE, sink.socket, join(directory.path, 'spool')];
  const shell = spawn('sh', ['-c', script, 'sh', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
  const exited = once(shell, 'exit');
  shell.on('exit', () => {
    const gone = new Error('the smallest process is gone');
    first.reject(gone);
    last.reject(gone);
  });
  const [before, after] = await Promise.all([first.promise, last.promise]);
  await exited;
  return costBetween(before, after);
}
