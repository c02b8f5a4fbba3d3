import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { follow } from '../../services/standalone/test/follower.ts';
import { startServer } from '../../services/standalone/test/server.ts';
import { percentile, type Benchmark } from '../measurement.ts';

const RUNS = 100;
const WARM_UP = 10;

/** From submitting a run to its first line at a follower, one after the other, against spawning the same shell and reading the line. */
export const firstLine: Benchmark = {
  name: 'first-line',
  async run() {
    await using server = await startServer();
    const samples: number[] = [];
    const floor: number[] = [];
    for (let i = 0; i < WARM_UP + RUNS; i += 1) {
      const before = performance.now();
      const run = await server.run('echo first');
      await follow(run.websocket_url).line((line) => line.stream === 'stdout');
      const ours = performance.now() - before;
      await server.finished(run.execution_id);
      const bare = await spawnAndRead();
      if (i < WARM_UP) continue;
      samples.push(ours);
      floor.push(bare);
    }
    return [
      measurement('submit to first line, p50', 0.5, samples, floor),
      measurement('submit to first line, p99', 0.99, samples, floor),
    ];
  },
};

function measurement(what: string, p: number, samples: readonly number[], floor: readonly number[]) {
  return {
    what,
    value: percentile(samples, p),
    unit: 'ms',
    floor: { what: 'spawn a shell and read its line', value: percentile(floor, p) },
  };
}

async function spawnAndRead(): Promise<number> {
  const before = performance.now();
  const child = spawn('/bin/sh', ['-c', 'echo first'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const took = performance.now() - before;
  if (child.exitCode === null) await once(child, 'exit');
  return took;
}
